"""The checks of the disk: real file systems where they can be made, and eMMC's sysfs."""

import os
import subprocess
from pathlib import Path

import pytest

from pantau_agent.doctor import disk
from pantau_agent.doctor.finding import FindingLevel
from pantau_contract.messages import Host
from tests.agent.doctor.outcome import outcome
from tests.servers.programs import skip_without_privileges


@pytest.mark.parametrize(
    ("free_mb", "expected"),
    [
        (9000.0, (FindingLevel.OK, "roomy")),
        (400.0, (FindingLevel.WARNING, "low")),
        (40.0, (FindingLevel.ERROR, "full")),
    ],
)
def test_the_room(tmp_path: Path, free_mb: float, expected: tuple[FindingLevel, str]) -> None:
    assert outcome(disk.check_space(Host(disk_free_mb=free_mb), tmp_path, 512)) == expected
    assert outcome(disk.check_space(Host(disk_free_mb=free_mb), tmp_path / "none", 512)) == (
        FindingLevel.ERROR,
        "missing",
    )


def test_what_is_written_is_tried_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "SLOW_S", 60)
    assert outcome(disk.check_writing(tmp_path, tmp_path / "spool.sqlite")) == (FindingLevel.OK, "takes")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "expected"),
    [("ro,size=1m", (FindingLevel.ERROR, "read_only")), ("size=4k", (FindingLevel.ERROR, "unwritable"))],
)
def test_a_disk_that_takes_nothing(tmp_path: Path, options: str, expected: tuple[FindingLevel, str]) -> None:
    mount = ["mount", "-t", "tmpfs", "-o", options, "pantau-test", str(tmp_path)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        skip_without_privileges("a file system cannot be mounted here")
    try:
        if expected[1] == "unwritable":
            (tmp_path / "all").write_bytes(bytes(4096))
        assert outcome(disk.check_writing(tmp_path, tmp_path / "spool.sqlite")) == expected
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_spool_that_root_has_made_in_the_services_folder(tmp_path: Path) -> None:
    spool = tmp_path / "spool.sqlite"
    spool.touch()
    try:
        os.chown(spool, os.getuid() + 1, -1)
    except PermissionError:
        skip_without_privileges("files cannot be given away here")
    assert outcome(disk.check_writing(tmp_path, spool)) == (FindingLevel.ERROR, "owner")


@pytest.mark.parametrize(
    ("life_time", "near_end", "expected"),
    [
        ("0x01 0x02", "0x01", (FindingLevel.OK, "fresh")),
        ("0x09 0x01", "0x01", (FindingLevel.WARNING, "worn")),
        ("0x03 0x01", "0x02", (FindingLevel.WARNING, "worn")),
        ("0x0b 0x01", "0x01", (FindingLevel.ERROR, "worn")),
        ("0x05 0x01", "0x03", (FindingLevel.ERROR, "worn")),
        ("0x00 0x00", "0x00", (FindingLevel.UNKNOWN, "wear_unsaid")),
        ("", "", (FindingLevel.UNKNOWN, "wear_unsaid")),
        ("rubbish", "?", (FindingLevel.UNKNOWN, "wear_unsaid")),
    ],
)
def test_how_worn_an_emmc_says_it_is(
    tmp_path: Path, life_time: str, near_end: str, expected: tuple[FindingLevel, str]
) -> None:
    device = card(tmp_path)
    (device / "device/life_time").write_text(life_time + "\n")
    (device / "device/pre_eol_info").write_text(near_end + "\n")
    assert [outcome(one) for one in disk.check_wear(tmp_path, device="179:2", root=tmp_path)] == [expected]


def test_errors_in_the_file_system_are_told_whatever_the_wear(tmp_path: Path) -> None:
    card(tmp_path)
    errors = tmp_path / "sys/fs/ext4/mmcblk0p2"
    errors.mkdir(parents=True)
    (errors / "errors_count").write_text("7\n")
    findings = disk.check_wear(tmp_path, device="179:2", root=tmp_path)
    assert [outcome(one) for one in findings] == [
        (FindingLevel.ERROR, "errors"),
        (FindingLevel.UNKNOWN, "wear_unsaid"),
    ]


def test_a_folder_on_no_block_device_tells_no_wear(tmp_path: Path) -> None:
    assert [outcome(one) for one in disk.check_wear(tmp_path, root=tmp_path)] == [
        (FindingLevel.UNKNOWN, "wear_unsaid")
    ]


def card(root: Path) -> Path:
    """Create an eMMC in sysfs as Linux shows it, with a second partition that is 179:2."""
    device = root / "sys/devices/mmc/block/mmcblk0"
    part = device / "mmcblk0p2"
    part.mkdir(parents=True)
    (device / "device").mkdir()
    (part / "partition").write_text("2\n")
    by_number = root / "sys/dev/block"
    by_number.mkdir(parents=True)
    (by_number / "179:2").symlink_to(part)
    return device
