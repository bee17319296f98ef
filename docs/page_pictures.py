"""Takes the pictures of the map and of a camera's page, of an invented city: `python -m docs.page_pictures`."""

import sys
import tempfile
from pathlib import Path

from tests.collector.web.browser import browsing, serving
from tests.collector.web.cities import batam, write_pictures
from tests.collector.web.desk.control_room import ControlRoom, measured, placed

_TO = Path(__file__).parent
_SIZE = {"width": 1440, "height": 900}


def main() -> None:
    """Serve the city, and save a picture of each page once it is drawn."""
    with tempfile.TemporaryDirectory() as folder:
        room = ControlRoom(Path(folder), view=placed(batam()))
        write_pictures(room.pictures.folder, room.view)
        measured(room, "simpang-kabil", "jalur-keluar")
        with serving(room.app) as url, browsing() as browser:
            for name, path in (("map", "/map?lang=en"), ("camera", "/cameras/simpang-kabil/jalur-keluar?lang=en")):
                page = browser.new_page(viewport=_SIZE, color_scheme="dark" if name == "map" else "light")
                page.goto(url + path, wait_until="load")
                page.locator("html.script").wait_for()
                page.wait_for_timeout(1500)
                page.screenshot(path=_TO / f"{name}.png")
                sys.stdout.write(f"{_TO / name}.png\n")
                page.close()


if __name__ == "__main__":
    main()
