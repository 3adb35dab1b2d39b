"""``make typescript``: the client for TypeScript is checked, packed, installed and used.

Its types are compared with the document, its style and types are judged, and its tests are run, by
themselves and against a real instance. Then it is packed and installed into an empty project, in
which the examples of its pages are compiled and run. At last the example for Express is tested.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

from docs.generate.api_reference import openapi_document
from tests.docs.pages import Page, page
from tests.support.stack import Stack
from tests.typescript.commands import CLIENT, TOKEN, TOOLS, Failed, environ_of, run
from tests.typescript.document import SCHEMA, checksum, source_of_types
from tests.typescript.express_receiver import check_express_receiver

PAGES = ("clients/typescript/README.md", "docs/typescript-client.md")
EXPECTED = {"schedule.ts": "renewal", "many.ts": "1 ", "worker.ts": "refused"}
"""What an example prints, by its file; an example without an entry is compiled."""

PLATFORMS = {"Node.js": ["node"], "Bun": ["bun"], "Deno": ["deno", "run", "--allow-all"]}

STRICT = {
    "strict": True,
    "target": "es2022",
    "module": "nodenext",
    "lib": ["es2022"],
    "types": ["node"],
    "typeRoots": [str(CLIENT / "node_modules" / "@types")],
    # Also the package's own types have to hold.
    "skipLibCheck": False,
}


def generated(place: Path) -> str:
    """Make the types of the document, as they are to be committed."""
    served = openapi_document()
    source, made = place / "openapi.json", place / "schema.ts"
    source.write_text(json.dumps(source_of_types(served)), encoding="utf-8")
    run(CLIENT, TOOLS / "openapi-typescript", source, "--empty-objects-unknown", "-o", made)
    return (
        "// Made by 'make types' of the OpenAPI document: do not edit it.\n"
        f"// The shape of the document: sha256 {checksum(served)}\n"
        f"{made.read_text(encoding='utf-8')}"
    )


def check_types(place: Path) -> None:
    """See that the types that are committed are those of the document."""
    if SCHEMA.read_text(encoding="utf-8") != generated(place):
        raise Failed("The document has changed: run 'make types', and commit what it writes.")


def check_client(_: Path) -> None:
    """Judge style and types, build, and run the tests that need no instance."""
    run(CLIENT, TOOLS / "biome", "ci", "--colors=off", "--error-on-warnings", ".")
    for name in ("dist", "out"):
        shutil.rmtree(CLIENT / name, ignore_errors=True)
    run(CLIENT, TOOLS / "tsc", "--project", "tsconfig.json")
    run(CLIENT, TOOLS / "tsc", "--project", "tsconfig.tests.json")
    run(CLIENT, "node", "--test", "out/tests/")


def check_with_instance(stack: Stack) -> None:
    """Run the tests that call a real instance."""
    run(CLIENT, "node", "--test", "--test-timeout=60000", "out/live/", **environ_of(stack))


def check_platforms(stack: Stack) -> None:
    """Run what every platform has to do on those that are here, and name those that are not."""
    for name, command in PLATFORMS.items():
        if shutil.which(command[0]) is None:
            sys.stdout.write(f"{name} is not on the PATH: it was not tried.\n")
            continue
        run(CLIENT, *command, "out/live/anywhere.js", **environ_of(stack))
        sys.stdout.write(f"It works with {name}.\n")


def check_package(place: Path, stack: Stack) -> None:
    """Install the package into an empty project; compile and run the examples there."""
    run(CLIENT, "npm", "pack", "--silent", "--pack-destination", place)
    (tarball,) = place.glob("qhronos-*.tgz")
    project = place / "project"
    project.mkdir()
    (project / "package.json").write_text('{"type": "module"}')
    run(project, "npm", "install", "--silent", "--no-fund", "--no-audit", tarball)
    installed = {one.name for one in (project / "node_modules").iterdir()}
    if installed - {".package-lock.json"} != {"qhronos"}:
        raise Failed(f"The package brings others with it: {sorted(installed)}.")
    files = {name: text for one in map(page, PAGES) for name, text in examples(one).items()}
    for name, text in files.items():
        (project / name).write_text(text, encoding="utf-8")
    settings = {"compilerOptions": STRICT, "include": ["*.ts"]}
    (project / "tsconfig.json").write_text(json.dumps(settings))
    run(project, TOOLS / "tsc", "--project", ".")
    for name, expected in EXPECTED.items():
        said = run(project, "node", Path(name).with_suffix(".js"), **environ_of(stack))
        if expected not in said:
            raise Failed(f"{name} printed {said!r}, without {expected!r}.")


def examples(one: Page) -> dict[str, str]:
    """The examples of a page that have a file name."""
    return {block.file_name: block.text for block in one.blocks if block.language == "ts"}


def main() -> int:
    """Check everything; returns the exit status."""
    options = argparse.ArgumentParser(prog="make typescript", description=__doc__)
    options.add_argument("--write-types", action="store_true", help="renew the types, and no more")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        if chosen.write_types:
            SCHEMA.write_text(generated(place), encoding="utf-8")
            return 0
        try:
            check_types(place)
            check_client(place)
            sys.stdout.write("The client compiles, and its tests pass.\n")
            with Stack(workers=1, MASTER_TOKEN=TOKEN) as stack:
                check_with_instance(stack)
                sys.stdout.write("It works with a real instance.\n")
                check_platforms(stack)
                check_package(place, stack)
                sys.stdout.write("Its package works in an empty project, with the examples.\n")
                check_express_receiver(stack)
                sys.stdout.write("The Express receiver verifies, and works once on each.\n")
        except Failed as error:
            sys.stdout.write(f"FAILED: {error}\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
