"""``make recipes``: what docs/recipes.md and docs/recipes-receiving.md print is compiled and run.

Each program that creates an event is given a service that fails in every way first: it has to send
the same key again. Each receiver is sent what is signed and what is not. Then a real instance
creates the event of the one, and delivers it to the other.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.docs.pages import page
from tests.recipes.flaky import CUT_OFF, flaky
from tests.support.ports import free_port
from tests.support.signed_posts import BODIES, SECRETS, Running, refused, signed
from tests.support.stack import SIGNING_SECRET, Stack
from tests.support.wait import wait_until

TOKEN = "the-master-token-of-the-tests"
PAGES = ("docs/recipes.md", "docs/recipes-receiving.md", "docs/receiving.md")
NAME = re.compile(r"(?:<\?php )?(?://|#) ([\w.]+\.\w+)\n")
ID = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
FILES = {
    found[1]: block.text
    for name in PAGES
    for block in page(name).blocks
    if (found := NAME.match(block.text))
}


@dataclass(frozen=True)
class Language:
    """How the programs of a language are compiled and started."""

    tools: Sequence[str]
    files: Sequence[str]
    compiled: Sequence[Sequence[str]]
    create: Sequence[str]
    receive: Sequence[str]
    """``PORT`` stands for the port."""


LANGUAGES = {
    "Go": Language(
        tools=["go"],
        files=["create.go", "receiver.go"],
        compiled=[
            ["go", "vet", "create.go"],
            ["go", "vet", "receiver.go"],
            ["go", "build", "-o", "create", "create.go"],
            ["go", "build", "-o", "receiver", "receiver.go"],
        ],
        create=["./create"],
        receive=["./receiver"],
    ),
    "Java": Language(
        tools=["java", "javac"],
        files=["Create.java", "Receiver.java"],
        compiled=[
            ["javac", "-Xlint:all", "-Werror", "-d", "classes", "Create.java", "Receiver.java"]
        ],
        create=["java", "-cp", "classes", "Create"],
        receive=["java", "-cp", "classes", "Receiver"],
    ),
    "Ruby": Language(
        tools=["ruby"],
        files=["create.rb", "receiver.rb"],
        compiled=[["ruby", "-wc", "create.rb"], ["ruby", "-wc", "receiver.rb"]],
        create=["ruby", "create.rb"],
        receive=["ruby", "receiver.rb"],
    ),
    "PHP": Language(
        tools=["php"],
        files=["create.php", "receiver.php"],
        compiled=[["php", "-l", "create.php"], ["php", "-l", "receiver.php"]],
        create=["php", "create.php"],
        receive=["php", "-S", "127.0.0.1:PORT", "receiver.php"],
    ),
}


class Failed(Exception):
    """A program did not do what it should; the text says what it did."""


class Recipe:
    """The programs of a language, in a directory of their own."""

    def __init__(self, language: Language, place: Path) -> None:
        self.language, self.place = language, place
        for tool in language.tools:
            if shutil.which(tool) is None:
                raise Failed(f"{tool} is not on the PATH.")
        for name in language.files:
            (place / name).write_text(FILES[name], encoding="utf-8")
        for command in language.compiled:
            done = self.run(command)
            if done.returncode:
                raise Failed(f"{' '.join(command)}: {done.stdout}{done.stderr}")

    def run(self, command: Sequence[str], **environ: str) -> subprocess.CompletedProcess[str]:
        own = {**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "", **environ}
        return subprocess.run(
            command, cwd=self.place, env=own, capture_output=True, text=True, check=False
        )

    def create(self, url: str, webhook: str) -> subprocess.CompletedProcess[str]:
        """Have an event created."""
        asked = {"QHRONOS_URL": url, "QHRONOS_TOKEN": TOKEN, "WEBHOOK_URL": webhook}
        return self.run(self.language.create, **asked)

    @contextmanager
    def receiver(self, secret: str) -> Iterator[Running]:
        """A receiver that listens, and remembers nothing."""
        port, log = free_port(), self.place / "log"
        command = [one.replace("PORT", str(port)) for one in self.language.receive]
        with tempfile.TemporaryDirectory() as empty, log.open("wb") as output:
            own = {"WEBHOOK_SECRET": secret, "PORT": str(port), "TMPDIR": empty}
            process = subprocess.Popen(
                command, cwd=self.place, env={**os.environ, **own}, stdout=output, stderr=output
            )
            running = Running(process, port, log)
            try:
                wait_until(running.listens, "the receiver listens")
                yield running
            finally:
                process.terminate()
                process.wait()


def check_create(recipe: Recipe) -> None:
    """A lost answer, a busy service, a first request under way: one key, one event."""
    with flaky(503, CUT_OFF, 409, 201) as service:
        url = f"http://127.0.0.1:{service.server_port}"
        done = recipe.create(url, "http://127.0.0.1:1/")
        keys = {key for _, key, _ in service.sent}
        if "the-id" not in done.stdout or service.statuses or len(keys) != 1 or None in keys:
            raise Failed(f"It sent {service.sent}, and said {done.stdout}{done.stderr}.")
        if {token for token, _, _ in service.sent} != {f"Bearer {TOKEN}"}:
            raise Failed(f"It did not send its token: {service.sent}.")
    for status in (400, 409):
        with flaky(status) as service:
            url = f"http://127.0.0.1:{service.server_port}"
            done = recipe.create(url, "http://127.0.0.1:1/")
            if done.returncode == 0 or "Not so." not in done.stdout + done.stderr:
                raise Failed(f"It was refused, and said {done.stdout}{done.stderr}.")


def check_receiver(recipe: Recipe) -> None:
    """What is signed is worked on once; the rest is answered 401."""
    for secret in SECRETS:
        with recipe.receiver(secret) as running:
            for number, body in enumerate(BODIES):
                headers = signed(secret, body, f"id-{number}")
                for _ in range(2):
                    _expect(running, 204, body, headers)
            body = BODIES[0]
            good = signed(secret, body, "id-x")
            for content, headers in refused(secret, body, good):
                _expect(running, 401, content, headers)
            both = {**good, "webhook-signature": f"v1,AAAA {good['webhook-signature']}"}
            _expect(running, 204, body, both)
            wait_until(lambda: running.works() == len(BODIES) + 1, "each is worked on once")


def _expect(running: Running, status: int, body: bytes, headers: dict[str, str]) -> None:
    answered = running.post(body, headers)
    if answered != status:
        raise Failed(f"It answered {answered} to {headers}, not {status}: {running.log()}")


def check_together(recipe: Recipe, stack: Stack) -> None:
    """A real instance creates the event, once, and delivers it."""
    with recipe.receiver(SIGNING_SECRET) as running:
        webhook = f"http://127.0.0.1:{running.port}/webhooks"
        url = f"http://127.0.0.1:{stack.port}"
        said = [recipe.create(url, webhook).stdout for _ in range(2)]
        ids = [ID.search(one) for one in said]
        if ids[0] is None or ids[1] is None or ids[0][0] != ids[1][0]:
            raise Failed(f"It created no event, or two: {said}.")
        wait_until(lambda: running.works() == 1, "the event is delivered")


def main() -> int:
    """Check all of them; returns the exit status."""
    options = argparse.ArgumentParser(prog="make recipes", description=__doc__)
    options.add_argument("--only", default="", help="a part of the name of a language")
    chosen = options.parse_args()
    wrong = 0
    with tempfile.TemporaryDirectory() as name, Stack(workers=1, MASTER_TOKEN=TOKEN) as stack:
        for language, how in LANGUAGES.items():
            if chosen.only not in language:
                continue
            place = Path(name) / language
            place.mkdir()
            try:
                recipe = Recipe(how, place)
                check_create(recipe)
                check_receiver(recipe)
                check_together(recipe, stack)
                sys.stdout.write(f"{language}: works\n")
            except Failed as error:
                wrong += 1
                sys.stdout.write(f"{language}: FAILED\n{error}\n")
            sys.stdout.flush()
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
