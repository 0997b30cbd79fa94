"""The pictures of the README: the report of a sample file as a browser shows it, by day and by night.

`python -m devtools.pictures`, with a Chromium on this machine. Another version of it draws others, so only
their size is held by a test.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import miler
from devtools.figures import PICTURES, SAMPLES

WIDTH, HEIGHT = 1000, 1030


def main(folder: Path = PICTURES) -> None:
    """Take both."""
    from playwright.sync_api import sync_playwright

    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        sys.exit("no Chromium here")
    page = miler.render(miler.analyse(miler.read(SAMPLES / "track-mile.fit")), "html")
    with TemporaryDirectory() as scratch, sync_playwright() as running:
        (Path(scratch) / "report.html").write_text(page, encoding="utf-8")
        browser = running.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for scheme in ("light", "dark"):
            shown = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=scheme)
            shown.goto((Path(scratch) / "report.html").as_uri())
            shown.screenshot(path=folder / f"report-{scheme}.png")
        browser.close()


if __name__ == "__main__":
    main()
