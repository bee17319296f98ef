"""The checks of the machine and of cameras, and the order in which findings are to be fixed."""

from pathlib import Path

import pytest

from pantau_agent.assessment.observation import Observation
from pantau_agent.config import Camera
from pantau_agent.doctor import clock, disk, machine
from pantau_agent.doctor.cameras import (
    finding_of_identity,
    finding_of_sample,
    findings_of_inspection,
    findings_of_unreachable,
)
from pantau_agent.doctor.finding import Finding, FindingLevel, ranked
from pantau_agent.host import ClockStatus
from pantau_agent.identity.firmware import Identity
from pantau_agent.watching.inspection import Inspected
from pantau_contract.messages import Host, Sample
from pantau_contract.states import Cause, State
from pantau_contract.words import words
from pantau_contract.words.evidence import detail
from tests.agent.doctor.outcome import outcome


@pytest.mark.parametrize(
    ("host", "power", "heat"),
    [
        (Host(), (FindingLevel.UNKNOWN, "unsaid"), (FindingLevel.UNKNOWN, "unsaid")),
        (
            Host(undervoltage=True, throttled=True),
            (FindingLevel.ERROR, "undervoltage"),
            (FindingLevel.WARNING, "throttled"),
        ),
        (Host(undervoltage=False, temperature_c=51), (FindingLevel.OK, "steady"), (FindingLevel.OK, "cool")),
        (Host(temperature_c=77), (FindingLevel.UNKNOWN, "unsaid"), (FindingLevel.WARNING, "hot")),
        (Host(temperature_c=84), (FindingLevel.UNKNOWN, "unsaid"), (FindingLevel.ERROR, "hot")),
    ],
)
def test_power_and_heat(host: Host, power: tuple[FindingLevel, str], heat: tuple[FindingLevel, str]) -> None:
    assert (outcome(machine.check_power(host)), outcome(machine.check_heat(host))) == (power, heat)


@pytest.mark.parametrize(
    ("used", "expected"),
    [
        (None, (FindingLevel.UNKNOWN, "unsaid")),
        (40.0, (FindingLevel.OK, "enough")),
        (95.0, (FindingLevel.WARNING, "short")),
    ],
)
def test_memory(used: float | None, expected: tuple[FindingLevel, str]) -> None:
    assert outcome(machine.check_memory(Host(memory_used_pct=used))) == expected


def test_the_limits_of_temperature_memory_disk_and_clock(tmp_path: Path) -> None:
    ok, warning, error = FindingLevel.OK, FindingLevel.WARNING, FindingLevel.ERROR
    heat = [machine.check_heat(Host(temperature_c=celsius)).level for celsius in (74.9, 75, 79.9, 80)]
    assert heat == [ok, warning, warning, error]
    assert [machine.check_memory(Host(memory_used_pct=used)).level for used in (89.9, 90)] == [ok, warning]
    space = [disk.check_space(Host(disk_free_mb=free), tmp_path, 512).level for free in (99, 100, 511, 512)]
    assert space == [error, warning, warning, ok]
    offsets = [clock.finding_of_offset(off_s, "ntp").level for off_s in (0.99, 1.0, 29.9, -30.0)]
    assert offsets == [ok, warning, warning, error]


def sample(camera: str, state: State, cause: Cause | None) -> Sample:
    return Sample(camera, 0, state, 0, cause, "the evidence")


def test_what_is_broken_goes_before_warnings_and_a_cause_before_what_follows_from_it(tmp_path: Path) -> None:
    findings = [
        disk.check_space(Host(disk_free_mb=400), tmp_path, 512),
        finding_of_sample(sample("gate", State.DOWN, Cause.STALLED)),
        finding_of_sample(sample("hall", State.DEGRADED, Cause.LOW_FPS)),
        machine.check_memory(Host(memory_used_pct=99)),
        machine.check_power(Host(undervoltage=True)),
        clock.check_synchronised(ClockStatus(synchronised=False, source="x")),
        machine.check_heat(Host(temperature_c=50)),
        Finding("broker", FindingLevel.ERROR, "refused", values={"address": "a:1"}),
    ]
    assert [(finding.check, finding.subject) for finding in ranked(findings)] == [
        ("power", ""),
        ("clock", ""),
        ("broker", ""),
        ("camera", "gate"),
        ("disk", ""),
        ("camera", "hall"),
        ("memory", ""),
    ]


def test_a_camera_is_told_in_the_words_of_its_cause() -> None:
    finding = finding_of_sample(sample("gate", State.DOWN, Cause.STALLED))
    assert outcome(finding) == (FindingLevel.ERROR, "fails")
    assert finding.mend(words("id")) == words("id").remedy(Cause.STALLED)
    assert "the evidence" in finding.found(words("en"))
    silent = detail("no_packet", seconds="6.0")
    found = finding_of_sample(Sample("gate", 0, State.DOWN, 0, Cause.STALLED, silent)).found(words("id"))
    assert found == f"{words('id').meaning('stalled')} (tidak ada paket selama 6.0 detik)"


def test_where_no_camera_is_reached_only_what_they_share_is_to_be_mended() -> None:
    gone = [sample(name, State.DOWN, Cause.UNREACHABLE) for name in ("gate", "hall")]
    assert [finding.key for finding in ranked(findings_of_unreachable(gone, 2))] == ["none_reached"]
    assert [finding.subject for finding in ranked(findings_of_unreachable(gone, 3))] == ["gate", "hall"]
    assert [finding.subject for finding in ranked(findings_of_unreachable(gone[:1], 1))] == ["gate"]


def test_firmware_that_is_warned_of_is_said_with_the_reason() -> None:
    finding = finding_of_identity("gate", Identity("hikvision", "DS-2CD2142FWD-I", "V5.4.0 build 160530"))
    assert outcome(finding) == (FindingLevel.WARNING, "vulnerable")
    assert "CVE-2017-7921" in finding.found(words("en"))
    assert "without a password" in (finding.mend(words("en")) or "")
    assert outcome(finding_of_identity("gate", Identity("hikvision", "DS-2CD2142FWD-I", "V5.7.0"))) == (
        FindingLevel.OK,
        "unsuspected",
    )


def test_why_a_camera_does_not_tell_what_it_is_is_said_in_the_language() -> None:
    observation = Observation(sample("gate", State.OK, None))
    no_identity = detail("page_late", seconds=10)
    found = findings_of_inspection(
        Inspected(Camera(id="gate", url="rtsp://10.0.0.1/x"), observation, no_identity=no_identity)
    )
    assert "halamannya tidak datang dalam 10 detik" in found[-1].found(words("id"))
