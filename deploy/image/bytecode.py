"""Compile what Qhronos imports, and nothing else: an image starts soon, and stays small.

The Dockerfile runs it in the server's directory, with the image's own Python. Python would compare
bytecode with the times of its sources, and the layers of an image round those times. So this
bytecode is not compared: nothing in an image changes.
"""  # noqa: INP001 - a script

from __future__ import annotations

import sys
from importlib import import_module
from pkgutil import walk_packages
from py_compile import PycInvalidationMode
from py_compile import compile as write_bytecode

OF_AN_EXTRA = {"opentelemetry", "requests"}
"""What the extra ``traces`` brings: an image without it imports nothing that needs them."""

sys.path.insert(0, ".")
sys.dont_write_bytecode = True

for name in ("gunicorn.app.wsgiapp", "gunicorn.arbiter"):
    import_module(name)
for module in walk_packages(["app"], "app."):
    # These are programs: to import one is to run it.
    if module.name.endswith("__main__"):
        continue
    try:
        import_module(module.name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in OF_AN_EXTRA:
            raise

for source in {getattr(one, "__file__", None) or "" for one in sys.modules.values()}:
    if source.startswith(sys.prefix) and source.endswith(".py"):
        write_bytecode(source, doraise=True, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
