"""``/docs/guide/``: the built guide, as files. Nothing else is served, and nothing is computed.

The pages are made by ``make docs``, which leaves no script and no style in them: both come as
files of this service, so the policy allows just that.
"""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path, PurePosixPath

from flask import Flask, Response, request
from werkzeug.security import safe_join

from app.api.http.auth import for_token_holders
from app.errors import NotFound

BUILT = Path(__file__).resolve().parents[3] / "docs" / "_build" / "html"
"""Where ``make docs`` puts the guide."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""The theme has its icons as ``data:`` in its style; the search reads pages to quote them."""

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}
"""What is served; a file of another kind is as if it were not there."""

NO_PAGE = "The guide has no such page; /docs/guide/ lists what there is."
NOT_BUILT = "The guide was not built; run 'make docs', then load this page again."

NONE = " 'none'"
_STYLE = re.compile(rb"<style>(.*?)</style>", re.DOTALL)


class Guide:
    """Serves the files of one directory."""

    def __init__(self, directory: Path) -> None:
        """``directory`` may be made later; each request looks for its file anew."""
        self._directory = directory

    def register(self, app: Flask, *, public: bool) -> None:
        """Serve the guide, to the same callers as the API's own documentation."""
        start, page = self._serve_start, self._serve
        if not public:
            start, page = for_token_holders(start), for_token_holders(page)
        app.add_url_rule("/docs/guide", "guide_start", start)
        app.add_url_rule("/docs/guide/", "guide", page, defaults={"name": "index.html"})
        app.add_url_rule("/docs/guide/<path:name>", "guide_file", page)

    def _serve_start(self) -> Response:
        """Lead to the first page; links within the pages need the slash."""
        return Response(status=308, headers={"Location": "./guide/"})

    def _serve(self, name: str) -> Response:
        content_type = TYPES.get(PurePosixPath(name).suffix)
        path = safe_join(str(self._directory), name)
        # A path has one spelling: the library would take a slash at the end, or two of them.
        if content_type is None or path is None or name != str(PurePosixPath(name)):
            raise self._missing()
        try:
            content = Path(path).read_bytes()
        except (OSError, ValueError):  # not there, a directory, or a name that no file can have
            raise self._missing() from None
        answer = Response(content, content_type=content_type)
        answer.headers["Content-Security-Policy"] = _policy(content_type, content)
        answer.headers["Cache-Control"] = "no-cache"  # ask each time whether it has changed
        answer.add_etag()
        answer.make_conditional(request)
        return answer

    def _missing(self) -> NotFound:
        return NotFound(NO_PAGE if (self._directory / "index.html").is_file() else NOT_BUILT)


def _policy(content_type: str, content: bytes) -> str:
    """A picture may have its own style, for light and dark, and needs nothing else."""
    if content_type != TYPES[".svg"]:
        return POLICY
    digests = [hashlib.sha256(style).digest() for style in _STYLE.findall(content)]
    hashes = "".join(f" 'sha256-{base64.b64encode(one).decode()}'" for one in digests)
    return f"default-src 'none'; style-src{hashes or NONE}; frame-ancestors 'none'"
