"""Wheels of this tree with another version, and with a fault planted: what an upgrade has to notice."""

import base64
import hashlib
import re
import zipfile
from pathlib import Path

from pantau_collector.store.schema import VERSION

_RUN = "pantau_agent/run.py"
_BEGIN = "    stop = asyncio.Event()\n"
"""The first line of what an agent does when it runs, which `probe` and `check` do not."""
Change = tuple[str, str, str]
"""A file of the wheel, a text in it, and what is written in its place."""
_SEES_NOTHING = (
    "    nowhere = [each.model_copy(update={'url': 'rtsp://127.0.0.1:9/x'}) for each in config.camera]\n"
    "    config = config.model_copy(update={'camera': nowhere})\n"
)
_DIES = (
    "import logging\nimport os\nimport sys\nimport threading\n"
    "if 'run' in sys.argv:\n    threading.Timer(15, os._exit, [1]).start()\n"
)
FAULTS: dict[str, list[Change]] = {
    "is not whole": [(_RUN, "import asyncio\n", "import asyncio\nimport planted_and_missing\n")],
    "sees nothing from the beginning": [
        (
            "pantau_agent/streams/tcp.py",
            "    loop = asyncio.get_running_loop()\n",
            "    raise OSError('planted')\n",
        )
    ],
    "does not start": [(_RUN, _BEGIN, "    raise RuntimeError('planted: it does not start')\n")],
    "dies after 20 s": [
        (_RUN, _BEGIN, f"    asyncio.get_running_loop().call_later(20, os._exit, 1)\n{_BEGIN}"),
    ],
    "sees no camera": [(_RUN, _BEGIN, _SEES_NOTHING + _BEGIN)],
}
"""Of an agent: what is wrong with it, and what has to be changed for that."""
OTHER_TABLES: list[Change] = [
    ("pantau_collector/store/schema.py", f"\nVERSION = {VERSION}\n", f"\nVERSION = {VERSION + 1}\n"),
    ("pantau_collector/store/upgrade.py", "KNOWN = {", f'KNOWN = {{"{VERSION}", '),
    ("pantau_collector/store/upgrade.py", "    # Python's sqlite3 does not begin", "    return\n    # It begins"),
]
"""Of a collector: a version whose store no earlier one can read."""
DIES_AFTER_ITS_START: list[Change] = [("pantau_collector/run.py", "import logging\n", _DIES)]


def build(wheel: Path, version: str, folder: Path, changes: list[Change] | None = None) -> Path:
    """Return a wheel that differs from `wheel` in its version, and in `changes`."""
    (old,) = re.findall(r"^pantau-([^-]+)-", wheel.name)
    with zipfile.ZipFile(wheel) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    version_file = ("pantau_contract/version.py", f'"{old}"', f'"{version}"')
    metadata = (f"pantau-{old}.dist-info/METADATA", f"\nVersion: {old}\n", f"\nVersion: {version}\n")
    for name, before, after in [version_file, metadata, *(changes or [])]:
        text = files[name].decode()
        assert before in text, f"{name} has no {before!r} any more: the fault cannot be planted"
        files[name] = text.replace(before, after, 1).encode()
    files = {name.replace(f"pantau-{old}.", f"pantau-{version}.", 1): data for name, data in files.items()}
    record = f"pantau-{version}.dist-info/RECORD"
    del files[record]
    lines = [f"{name},sha256={_digest(data)},{len(data)}" for name, data in files.items()] + [f"{record},,"]
    files[record] = ("\n".join(lines) + "\n").encode()
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / wheel.name.replace(f"-{old}-", f"-{version}-", 1)
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return made


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
