"""Takes the pictures of ``make pictures``; run by ``.venv/browser/bin/python``.

It is given a JSON object on its standard input: ``url`` of the instance, ``token``, ``chromium``
(the program), ``out`` (a directory), and what stands for names in ``PAGES``. A picture has few
colours, so it is stored with a palette.
"""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

PAGES = {
    "now": ("/console/", ("light", "dark")),
    "event": ("/console/events/{event}", ("light",)),
    "occurrence": ("/console/occurrences/{occurrence}", ("light",)),
    "load": ("/console/load", ("light",)),
}
SIZE = {"width": 1200, "height": 860}
COLOURS = 192


def main() -> None:
    """Take each page in its looks."""
    given = json.load(sys.stdin)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=given["chromium"], args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        for look in ("light", "dark"):
            page = browser.new_context(color_scheme=look, viewport=SIZE).new_page()
            page.goto(given["url"])
            page.fill("#token", given["token"])
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url("**/console/")
            for name, (path, looks) in PAGES.items():
                if look in looks:
                    page.goto(given["url"] + path.format(**given))
                    page.wait_for_timeout(500)
                    shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
                    file = Path(given["out"]) / f"console-{name}-{look}.png"
                    shot.quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)
        browser.close()


if __name__ == "__main__":
    main()
