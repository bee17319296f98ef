"""What others made and the wheel contains is named in NOTICE, with its licence, and NOTICE is in the wheel."""

import re
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
NOTICE = (ROOT / "NOTICE").read_text("utf-8")
_OURS = re.compile(r"\.(?:py|pyi|typed|toml|md|j2|html|css|svg|js)$")
"""Names of files that are written here, unless NOTICE says otherwise."""
_VENDORED = re.compile(r"\.min\.|/vendor/|leaflet", re.IGNORECASE)
"""What the names of files have that come from others, whatever their kind."""


def test_whatever_the_wheel_contains_of_others_is_named_with_its_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if ".dist-info/" not in name]
    foreign = [name for name in names if not _OURS.search(name) or _VENDORED.search(name)]
    assert "pantau_collector/web/static/inter.woff2" in foreign
    assert [name for name in foreign if name not in NOTICE] == []
    named = re.findall(r"pantau_\w+/[\w./-]+[\w]", NOTICE)
    assert [name for name in named if name not in names] == [], "NOTICE names what is not there"


def test_the_wheel_has_licence_and_notice(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for name in ("LICENSE", "NOTICE"):
            (inside,) = [each for each in archive.namelist() if each.endswith(f".dist-info/licenses/{name}")]
            assert archive.read(inside) == (ROOT / name).read_bytes()
