"""What may be done at a path: the methods of that very path, and no slash at its end.

``/events/rotate-secret`` is a path of its own, although ``/events/{event_id}`` would match it, too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote

from flask import Flask, Response, request
from flask.globals import request_ctx
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import Map

from app.api.http.answers import json_answer, json_text

_NAME = re.compile(r"<(?:[^:>]*:)?([^>]*)>")


def register_methods(app: Flask) -> None:
    """Answer ``OPTIONS``, refuse other methods than a path's own, lead away from a slash."""
    paths = Paths(app.url_map)

    def look() -> Response | None:
        rule, path = request.url_rule, request.path
        if rule is None:
            return _missed(paths, path)
        nearer = paths.nearer(rule.rule, path)
        if request.method == "OPTIONS":
            allowed = paths.methods(nearer or rule.rule)
            return _empty({"Allow": ", ".join(allowed)})
        if nearer is not None:
            raise MethodNotAllowed(paths.methods(nearer))
        return None

    app.before_request(look)


@dataclass(frozen=True)
class Paths:
    """The rules of an application, by their text; it may get more until the first request."""

    url_map: Map

    def methods(self, rule: str) -> list[str]:
        """The methods of a rule, in alphabetical order."""
        return self._methods[_unnamed(rule)]

    def nearer(self, rule: str, path: str) -> str | None:
        """Return the rule that fits a path better than the one that serves its method."""
        found = [one for one in self._nearer[rule] if self._patterns[one].fullmatch(path)]
        return max(found, key=_words, default=None)

    def nearest(self, path: str) -> str | None:
        """Return the rule that fits a path best."""
        found = [rule for rule, pattern in self._patterns.items() if pattern.fullmatch(path)]
        return max(found, key=_words, default=None)

    @cached_property
    def _methods(self) -> Mapping[str, list[str]]:
        found: dict[str, set[str]] = {}
        for rule in self.url_map.iter_rules():
            found.setdefault(_unnamed(rule.rule), set()).update(rule.methods or ())
        return {rule: sorted(methods) for rule, methods in found.items()}

    @cached_property
    def _patterns(self) -> Mapping[str, re.Pattern[str]]:
        rules = self.url_map.iter_rules()
        return {rule.rule: _pattern(rule.rule) for rule in rules if not rule.build_only}

    @cached_property
    def _nearer(self) -> Mapping[str, list[str]]:
        """For each rule those that match some of its paths, and have a word where it has none."""
        return {
            rule: [
                other
                for other in self._patterns
                if _words(other) > _words(rule) and _meet(other.split("/"), rule.split("/"))
            ]
            for rule in self._patterns
        }


def _unnamed(rule: str) -> str:
    """A rule, whatever the parts that vary are called."""
    return _NAME.sub(lambda match: match[0].replace(match[1], ""), rule)


def _pattern(rule: str) -> re.Pattern[str]:
    parts = re.split(r"(<[^>]*>)", rule)
    parts[::2] = map(re.escape, parts[::2])
    parts[1::2] = [".+" if part.startswith("<path:") else "[^/]+" for part in parts[1::2]]
    return re.compile("".join(parts), re.DOTALL)


def _words(rule: str) -> list[bool]:
    """Which parts are words and not names; the first difference decides, as in the router."""
    return [not part.startswith("<") for part in rule.split("/")]


def _empty(headers: Mapping[str, str]) -> Response:
    answer = Response(headers=headers)
    del answer.headers["Content-Type"]
    return answer


def _meet(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether there are paths that match both, by the parts of two rules."""
    for first, second in zip(one, other, strict=False):
        if first.startswith("<path:") or second.startswith("<path:"):
            return True
        if first != second and not (first.startswith("<") or second.startswith("<")):
            return False
    return len(one) == len(other)


def _missed(paths: Paths, path: str) -> Response | None:
    error = request.routing_exception
    if isinstance(error, MethodNotAllowed) and (nearest := paths.nearest(path)):
        raise MethodNotAllowed(paths.methods(nearest))
    if isinstance(error, NotFound) and path.endswith("/"):
        return _without_slash(path[:-1])
    return None


def _without_slash(path: str) -> Response | None:
    """Lead to the path without the slash, with the method and the body that were sent."""
    adapter = request_ctx.url_adapter
    if path.endswith("/") or adapter is None or not adapter.allowed_methods(path):
        return None
    # Relative, so that it stays where the caller is (RFC 9110 section 10.2.2).
    location = f"../{quote(path.rpartition('/')[2])}"
    if request.query_string:
        location += f"?{request.query_string.decode('latin-1')}"
    text = json_text({"error": f"This path has no slash at its end; use {path}."})
    return json_answer(text, 308, {"Location": location})
