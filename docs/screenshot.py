"""Takes the README's picture of the wall page: the demo's city with two troubles. `python -m docs.screenshot`."""

import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from pantau_demo.stage import Stage
from pantau_demo.story import CUT, FREEZE, Act, found

_TO = Path(__file__).with_name("wall.png")
_SIZE = {"width": 1600, "height": 1000}


def main() -> None:
    """Starts the city, breaks two cameras, and takes the picture once both are found."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Stage(Path(folder), wall_port=0, embedded_broker=False, on_mail=lambda _: None) as stage,
    ):
        stage.wait_until_ready(within_s=90)
        for act, fault in ((FREEZE, "freeze"), (CUT, "refuse")):
            stage.set_fault(act.camera or "", fault)
            _wait(stage, act)
        time.sleep(6)  # a round of snapshots
        take(stage.wall_url + "?lang=id", _TO)
    sys.stdout.write(f"{_TO}\n")


def take(url: str, to: Path) -> None:
    """Takes a picture of a page with Debian's Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        page = browser.new_page(viewport=_SIZE)
        page.goto(url)
        page.wait_for_timeout(2500)
        page.screenshot(path=to)
        browser.close()


def _wait(stage: Stage, act: Act) -> None:
    stage.wait_until(lambda incidents: found(act, incidents), what=act.title, within_s=60)


if __name__ == "__main__":
    main()
