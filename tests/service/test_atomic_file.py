import stat
from pathlib import Path

import pytest

from pantau_service import atomic_file


def test_what_cannot_be_written_whole_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    atomic_file.write(path, b"before")
    (tmp_path / "kept.new").mkdir()
    with pytest.raises(OSError, match="directory"):
        atomic_file.write(path, b"after")
    assert path.read_bytes() == b"before"


def test_a_secret_is_never_readable_by_others_not_even_for_a_moment(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    atomic_file.write(path, b"secret", mode=0o600)
    assert path.read_bytes() == b"secret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
