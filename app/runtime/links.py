"""The link that signs in to the console, as ``make run`` prints it."""

from __future__ import annotations

import http.client
import json
from urllib.parse import urlsplit

WAIT_S = 5.0


def sign_in_link(url: str, token: str) -> str | None:
    """Ask the instance at ``url`` for a link that signs in with a token; ``None``: it gives none.

    The instance may have another token by now, or be about to stop: it runs without a link, too.
    """
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=WAIT_S)
    try:
        connection.request("POST", "/console/links", headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != http.client.CREATED:
            return None
        return str(json.loads(body)["link"])
    except (OSError, http.client.HTTPException, ValueError, KeyError):
        return None
    finally:
        connection.close()
