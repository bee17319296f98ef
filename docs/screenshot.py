"""Takes the README's picture of the wall page, with two faults in the demo's city: `python -m docs.screenshot`."""

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
    """Start the city, break two cameras, and take the picture once both faults are found."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Stage(Path(folder), wall_port=0, embedded_broker=False, on_mail=lambda _: None) as stage,
    ):
        stage.wait_until_ready(within_s=90)
        for act, fault in ((FREEZE, "freeze"), (CUT, "refuse")):
            stage.set_fault(act.camera or "", fault)
            _wait(stage, act)
        time.sleep(6)  # until every camera has sent a snapshot
        save_page(stage.sign_in_link(), stage.wall_url + "?lang=id", _TO)
    sys.stdout.write(f"{_TO}\n")


def save_page(link: str, url: str, to: Path) -> None:
    """Save a picture of a page, taken with Debian's Chromium, after a sign-in by a one-time link."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        page = browser.new_page(viewport=_SIZE)
        page.goto(link)
        page.wait_for_url("**/account")
        page.goto(url)
        page.wait_for_timeout(2500)
        page.screenshot(path=to)
        browser.close()


def _wait(stage: Stage, act: Act) -> None:
    stage.wait_until(lambda incidents: found(act, incidents), what=act.title, within_s=60)


if __name__ == "__main__":
    main()
