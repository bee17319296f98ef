"""The passwords of the service, for a command beside it: from where systemd takes them, also while it is stopped.

The unit and its drop-ins say which files they are (`LoadCredential=ID:PATH`, systemd.exec(5)). They are root's, so
a command finds them when it is run by sudo. Encrypted ones are found while the service runs.
"""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

UNIT = "pantau-agent.service"
"""The service's unit."""
_UNIT_FOLDERS = ("usr/lib/systemd/system", "lib/systemd/system", "run/systemd/system", "etc/systemd/system")
"""Where units and their drop-ins are; a later folder takes precedence (systemd.unit(5))."""
_STORES = ("etc/credstore", "run/credstore", "usr/lib/credstore")
"""Where a credential without an absolute path is looked for, the first that has it (systemd.exec(5))."""
_SETTING = re.compile(r"^[ \t]*LoadCredential[ \t]*=[ \t]*(.*?)[ \t]*$", re.MULTILINE)
_VARIABLE = "CREDENTIALS_DIRECTORY"


@contextmanager
def service_credentials(root: Path = Path("/")) -> Iterator[None]:
    """Let a command read the passwords that the service gets at its start, or else those that it has now.

    `root` is the directory that contains `etc`, `usr` and `run`. Within the service nothing changes.
    """
    if _VARIABLE in os.environ:
        yield
        return
    files = {name: file for name, file in credential_files(root).items() if _is_readable(file)}
    if not files:
        yield
        return
    # Links, not copies: no password is written anywhere.
    with tempfile.TemporaryDirectory(prefix="pantau-credentials-") as folder:
        for name, file in files.items():
            Path(folder, name).symlink_to(file)
        os.environ[_VARIABLE] = folder
        try:
            yield
        finally:
            del os.environ[_VARIABLE]


def credential_files(root: Path) -> dict[str, Path]:
    """Return the file of each credential: as the unit has them, and beside them what the running service has."""
    files: dict[str, Path] = {}
    with suppress(OSError):
        files = {file.name: file for file in (root / "run/credentials" / UNIT).iterdir()}
    for name, source in _load_settings(root).items():
        candidates = (
            [root / source.lstrip("/")] if source.startswith("/") else [root / store / source for store in _STORES]
        )
        found = next((file for file in candidates if _is_readable(file)), None)
        if found is not None:
            files[name] = found
    return files


def _load_settings(root: Path) -> dict[str, str]:
    """Return the source of each credential that the unit and its drop-ins name."""
    units = [root / folder / UNIT for folder in _UNIT_FOLDERS]
    drop_ins = {
        file.name: file
        for folder in _UNIT_FOLDERS
        for file in sorted((root / folder / f"{UNIT}.d").glob("*.conf"))
    }
    unit = next((file for file in reversed(units) if file.is_file()), None)
    settings: dict[str, str] = {}
    for file in ([unit] if unit is not None else []) + [drop_ins[name] for name in sorted(drop_ins)]:
        try:
            text = file.read_text("utf-8", "replace")
        except OSError:
            continue
        for value in _SETTING.findall(text):
            name, _, source = value.partition(":")
            if not value:
                settings.clear()  # an empty assignment resets the list
            elif "/" not in name:
                settings[name] = source or name
    return settings


def _is_readable(file: Path) -> bool:
    try:
        return file.is_file() and os.access(file, os.R_OK)
    except OSError:
        return False
