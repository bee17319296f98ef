"""Files that commands write, and what other users may have laid in their way."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pantau_agent.commands.output_file import OutputFile, write

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def test_a_file_is_made_and_written_anew(tmp_path: Path) -> None:
    file = tmp_path / "now.jpg"
    for content in (b"a long picture", b"short"):
        with OutputFile(file) as out:
            out.write(content)
        assert file.read_bytes() == content
    with OutputFile(tmp_path / "never.jpg"):
        pass
    with OutputFile(None):
        pass
    assert not (tmp_path / "never.jpg").exists()


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    with OutputFile(tmp_path / "none" / "now.jpg") as out, pytest.raises(FileNotFoundError):
        out.write(b"x")


def test_a_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    (tmp_path / "now.jpg").symlink_to(target)
    with OutputFile(tmp_path / "now.jpg") as out, pytest.raises(OSError, match="symbolic"):
        out.write(b"x")
    assert not target.exists()


@needs_root
def test_links_of_another_user_lead_nowhere(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "folder").symlink_to(secret)
    (shared / "own").symlink_to(secret)
    os.lchown(shared / "folder", 1, 1)
    with pytest.raises(OSError, match=r"symbolic|directory"):
        write(shared / "folder" / "now.jpg", b"x")
    write(shared / "own" / "now.jpg", b"x")
    assert [path.name for path in secret.iterdir()] == ["now.jpg"]
    (shared / "hard").write_bytes(b"theirs")
    os.chown(shared / "hard", 1, 1)
    (tmp_path / "other-name").hardlink_to(shared / "hard")
    with pytest.raises(OSError, match="symbolic"):
        write(shared / "hard", b"x")
    assert (shared / "hard").read_bytes() == b"theirs"


@needs_root
def test_what_root_may_write_is_written_after_root_is_given_up(tmp_path: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path\n"
        "from pantau_agent.commands.output_file import OutputFile\n"
        "from pantau_agent.commands.unprivileged import become_service_user\n"
        "with OutputFile(Path(sys.argv[1])) as out:\n"
        "    become_service_user()\n"
        "    assert os.getuid() != 0\n"
        "    out.write(b'picture')\n"
    )
    folder = tmp_path / "of-root"
    folder.mkdir(mode=0o700)
    subprocess.run([sys.executable, "-c", script, str(folder / "now.jpg")], check=True, timeout=60)
    assert (folder / "now.jpg").read_bytes() == b"picture"
    assert (folder / "now.jpg").stat().st_uid == 0
