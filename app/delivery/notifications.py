"""The requests that bring a notification into a chat, or to a webhook.

What users wrote is in them. Slack gets it with its three control characters escaped; chats that
take Slack's form read Markdown and ``@channel`` as well, so a mark that nobody sees takes their
meaning away. Teams gets it as runs of text of an Adaptive Card, which are shown as they are.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from app.delivery.request import Identity, Request
from app.domain.alert_texts import Notification, Section
from app.domain.alerts import AlertType
from app.domain.signing import body_signature, signing_key, standard_signature
from app.domain.targets import ascii_url
from app.domain.times import to_rfc3339

TIMEOUT_MS = 10_000

_UNSEEN = "\u200b"
_CARD = "application/vnd.microsoft.card.adaptive"


class Destination(NamedTuple):
    """Where notifications of an alert are posted; ``secret`` signs those of the type webhook."""

    url: str
    secret: str = ""


def request_of(
    kind: AlertType, to: Destination, told: Notification, now_ms: int, identity: Identity
) -> Request:
    """Build the request that brings a notification to its destination."""
    members = _BODIES[kind](told, now_ms)
    body = json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode()
    headers = list(identity.headers)
    if kind is AlertType.WEBHOOK:
        headers += _signed(to.secret, told.key, body, now_ms, identity)
    return Request(ascii_url(to.url), headers, body, TIMEOUT_MS)


def slack_text(text: str) -> str:
    """Write a text so that Slack, and what takes its form, show it and do nothing else."""
    for character, shown in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(character, shown)
    for sign, rest in (("@", ""), ("]", "("), ("`", ""), ("://", "")):
        text = text.replace(sign + rest, sign + _UNSEEN + rest)
    return text


def _slack(told: Notification, _now_ms: int) -> dict[str, Any]:
    lines = []
    for section in told.sections:
        lines += [slack_text(section.heading)]
        lines += [f"\N{BULLET} {slack_text(line)}" for line in section.lines]
        lines += [section.link, ""]
    lines += [slack_text(told.footer), told.link]
    return {
        "text": "\n".join(lines),
        "mrkdwn": False,
        "unfurl_links": False,
        "unfurl_media": False,
    }


def _run(text: str, *, strong: bool = False) -> dict[str, Any]:
    run = {"type": "TextRun", "text": text, **({"weight": "Bolder"} if strong else {})}
    return {"type": "RichTextBlock", "inlines": [run]}


def _teams(told: Notification, _now_ms: int) -> dict[str, Any]:
    blocks, actions = [], []
    for section in told.sections:
        blocks.append(_run(section.heading, strong=True))
        blocks += [_run(f"\N{BULLET} {line}") for line in section.lines]
        actions.append(_opens("Look", section))
    actions.append({"type": "Action.OpenUrl", "title": "The alert", "url": told.link})
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [*blocks, _run(told.footer)],
        "actions": actions,
    }
    return {"type": "message", "attachments": [{"contentType": _CARD, "content": card}]}


def _opens(verb: str, section: Section) -> dict[str, Any]:
    return {"type": "Action.OpenUrl", "title": verb, "url": section.link}


def _webhook(told: Notification, now_ms: int) -> dict[str, Any]:
    sections = [
        {"heading": one.heading, "lines": list(one.lines), "link": one.link}
        for one in told.sections
    ]
    return {
        "type": "qhronos.alert",
        "id": told.key,
        "sent_at": to_rfc3339(now_ms),
        "title": told.title,
        "sections": sections,
        "alert": told.link,
    }


_BODIES = {AlertType.SLACK: _slack, AlertType.TEAMS: _teams, AlertType.WEBHOOK: _webhook}


def _signed(secret: str, key: str, body: bytes, now_ms: int, identity: Identity) -> list[str]:
    """The lines of Standard Webhooks: as those of a delivery, see ``signed_headers``."""
    timestamp_s = now_ms // 1000
    signatures = [one.signature(key, timestamp_s, body) for one in identity.keys]
    lines = [f"webhook-id: {key}", f"webhook-timestamp: {timestamp_s}"]
    if secret:
        signing = signing_key(secret)
        signatures.insert(0, standard_signature(signing, key, timestamp_s, body))
        lines.append("X-Qhronos-Signature: " + body_signature(signing, body))
    if signatures:
        lines.append("webhook-signature: " + " ".join(signatures))
    return lines
