"""``make clients``: makes clients of the OpenAPI document with the tools that people use.

Each is generated, compiled, and run against a real instance: it creates a one-time event and one of
each kind of schedule, changes one field and sees that nothing else has changed, and lists to the
end. The document is also judged by two linters.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.support.stack import MASTER_TOKEN, Stack

PROGRAMS = Path(__file__).with_name("programs")
FORMS = {"3.1": "openapi.json", "3.0": "openapi-3.0.json"}
STRICT = {
    "strict": True,
    "target": "es2022",
    "module": "nodenext",
    "moduleResolution": "nodenext",
    "lib": ["es2022", "dom"],
    "types": ["node"],
    "outDir": "out",
}
MODULE = "module example.com/qhronos\n\ngo 1.24\n"
FORWARD = "disallowAdditionalPropertiesIfNotPresent=false"


class Failed(Exception):
    """A command has failed; the text is what it said."""


class Workshop:
    """A directory for one client, the tools, and the instance that it is to call."""

    def __init__(self, directory: Path, tools: Path, documents: Path, url: str) -> None:
        self.directory, self.tools, self.documents, self.url = directory, tools, documents, url

    def run(self, *command: str | Path, **environ: str) -> str:
        """Run a command in the directory; raises ``Failed``."""
        own = {**os.environ, **environ}
        paths = (self.tools / "bin", self.tools / "node_modules" / ".bin", Path(own["PATH"]))
        own["PATH"] = ":".join(map(str, paths))
        done = subprocess.run(
            list(map(str, command)),
            cwd=self.directory,
            env=own,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Failed(f"{command[0]}: {(done.stdout + done.stderr)[-2_000:]}")
        return done.stdout

    def document(self, form: str) -> Path:
        """The file of the document in a form."""
        return self.documents / FORMS[form]

    def program(self, name: str, to: str) -> None:
        """Put a program into the directory."""
        (self.directory / to).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROGRAMS / name, self.directory / to)

    def generate(self, language: str, to: str, package: str = "qhronos") -> None:
        """Run openapi-generator."""
        self.run(
            *("openapi-generator-cli", "generate", "-g", language, "-o", to),
            *("-i", self.document("3.0")),
            f"--additional-properties={FORWARD},packageName={package},importFileExtension=.js",
        )

    def finish(self, *command: str | Path, **environ: str) -> None:
        """Run a program against the instance, and see that it came to its end."""
        said = self.run(*command, self.url, MASTER_TOKEN, **environ)
        if said.strip() != "done":
            raise Failed(f"it said {said}")

    def compile_typescript(self) -> None:
        """Compile what is in the directory with ``tsc --strict``."""
        (self.directory / "package.json").write_text('{"type": "module"}')
        settings = {"compilerOptions": STRICT, "include": ["*.ts", "client/**/*.ts"]}
        (self.directory / "tsconfig.json").write_text(json.dumps(settings))
        (self.directory / "node_modules").symlink_to(self.tools / "node_modules")
        self.run("tsc", "--project", ".")


def openapi_python_client(shop: Workshop) -> None:
    shop.run(
        "openapi-python-client",
        "generate",
        "--path",
        shop.document("3.1"),
        "--output-path",
        "client",
    )
    shop.program("openapi_python_client.py", "program.py")
    shop.finish("python", "-W", "error", "program.py", PYTHONPATH="client")


def openapi_generator_python(shop: Workshop) -> None:
    shop.generate("python", "client")
    shop.program("openapi_generator.py", "program.py")
    shop.finish("python", "-W", "error", "program.py", PYTHONPATH="client")


def openapi_generator_go(shop: Workshop) -> None:
    shop.generate("go", ".")
    shutil.rmtree(shop.directory / "test", ignore_errors=True)
    (shop.directory / "go.mod").write_text(MODULE)
    shop.program("openapi_generator.go.txt", "program/main.go")
    shop.run("go", "mod", "tidy")
    shop.run("go", "vet", "./...")
    shop.run("go", "build", "-o", "run", "./program")
    shop.finish("./run")


def openapi_generator_typescript(shop: Workshop) -> None:
    shop.generate("typescript-fetch", "client")
    shop.program("typescript_fetch.ts", "program.ts")
    shop.compile_typescript()
    shop.finish("node", "out/program.js")


def openapi_typescript(shop: Workshop) -> None:
    shop.run("openapi-typescript", shop.document("3.1"), "-o", "schema.ts")
    shop.program("openapi_typescript.ts", "program.ts")
    shop.compile_typescript()
    shop.finish("node", "out/program.js")


def oapi_codegen(shop: Workshop) -> None:
    (shop.directory / "client").mkdir()
    shop.run(
        *("oapi-codegen", "-generate", "types,client", "-package", "client"),
        *("-o", "client/client.go", shop.document("3.0")),
    )
    (shop.directory / "go.mod").write_text(MODULE)
    shop.program("oapi_codegen.go.txt", "program/main.go")
    shop.run("go", "mod", "tidy")
    shop.run("go", "vet", "./...")
    shop.run("go", "build", "-o", "run", "./program")
    shop.finish("./run")


def redocly(shop: Workshop) -> None:
    for form in FORMS:
        shop.run("redocly", "lint", shop.document(form))


def spectral(shop: Workshop) -> None:
    (shop.directory / "rules.yaml").write_text('extends: ["spectral:oas"]\n')
    for form in FORMS:
        shop.run("spectral", "lint", shop.document(form), "--ruleset", "rules.yaml")


CLIENTS: Mapping[str, Callable[[Workshop], None]] = {
    "openapi-python-client": openapi_python_client,
    "openapi-generator, Python": openapi_generator_python,
    "openapi-generator, Go": openapi_generator_go,
    "openapi-generator, TypeScript-fetch": openapi_generator_typescript,
    "openapi-typescript": openapi_typescript,
    "oapi-codegen": oapi_codegen,
    "redocly": redocly,
    "spectral": spectral,
}


def main() -> int:
    """Make and run all of them; returns the exit status."""
    parser = argparse.ArgumentParser(prog="make clients", description=__doc__)
    parser.add_argument("--tools", type=Path, required=True, help="where the tools are installed")
    parser.add_argument("--only", default="", help="a part of the name of those to make")
    chosen = parser.parse_args()
    wrong = 0
    with tempfile.TemporaryDirectory() as place, Stack(workers=1) as stack:
        documents, url = Path(place), f"http://127.0.0.1:{stack.port}"
        for name in FORMS.values():
            with urllib.request.urlopen(f"{url}/{name}", timeout=30) as answer:
                (documents / name).write_bytes(answer.read())
        for number, (name, make) in enumerate(CLIENTS.items()):
            if chosen.only not in name:
                continue
            directory = documents / str(number)
            directory.mkdir()
            try:
                make(Workshop(directory, chosen.tools.resolve(), documents, url))
                sys.stdout.write(f"{name}: works\n")
            except Failed as error:
                wrong += 1
                sys.stdout.write(f"{name}: FAILED\n{error}\n")
            sys.stdout.flush()
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
