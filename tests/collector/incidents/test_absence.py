"""A site that is heard again tells whether it had lost its power or its line; the recovery's notice says so."""

from pathlib import Path

import pytest

from pantau_collector.fleet.absence import Absence, Explanation, explain
from pantau_contract.messages import Start
from tests.collector.incidents.play import EPOCH_MS, Play

CUT_S, BACK_S = 300, 900
MACHINE = Start(EPOCH_MS + 860_000, "machine", "kernel2", EPOCH_MS + 820_000, EPOCH_MS + 301_000, clean=False)
LONG_AGO = Start(EPOCH_MS - 1000, "machine", "kernel1", EPOCH_MS - 50_000)


def played(folder: Path, *, boot: str, start: Start | None) -> Play:
    """Play a site that is lost after 5 minutes, and heard again after 15, in a boot and with a start."""
    play = Play(folder, {"kabil": 2})
    agent = play.agents["kabil"]
    agent.start = LONG_AGO if start is not None else None
    play.hear(*agent.rejoin())
    play.at(CUT_S, play.cut("kabil"))

    def begin() -> None:
        agent.boot, agent.start = boot, start
        if boot != "boot1":
            agent.seq = 0
            agent.backlog.clear()

    play.at(BACK_S, begin, play.join("kabil"))
    return play.run(1000)


@pytest.mark.parametrize(
    ("boot", "start", "cause"),
    [
        ("boot2", MACHINE, "power_lost"),
        ("boot1", LONG_AGO, "link_lost"),
        ("boot1", Start(EPOCH_MS + 800_000, "service", "kernel1", None, EPOCH_MS + 301_000), "agent_gone"),
        ("boot2", Start(EPOCH_MS + 860_000, "machine", "kernel2", clean=True), "agent_gone"),
        ("boot2", None, "agent_gone"),
    ],
)
def test_the_recovery_says_what_it_was(tmp_path: Path, boot: str, start: Start | None, cause: str) -> None:
    received = played(tmp_path, boot=boot, start=start).phone.received
    assert [(each.kind, each.cause) for each in received] == [("opened", "agent_gone"), ("resolved", cause)]


@pytest.mark.parametrize(
    ("boot", "start", "meaning", "lasted"),
    [
        ("boot2", MACHINE, "Lokasi kehilangan listrik", ("21.18", "21.27")),
        ("boot1", LONG_AGO, "Jalur ke lokasi terputus; agennya tetap berjalan dan mengukur", ("21.17", "21.28")),
    ],
)
def test_its_words_have_the_true_times(
    tmp_path: Path, boot: str, start: Start, meaning: str, lasted: tuple[str, str]
) -> None:
    text = played(tmp_path, boot=boot, start=start).phone.received[-1].message.text
    assert meaning in text
    [line] = [line for line in text.splitlines() if line.startswith("Itu berlangsung")]
    assert all(time in line for time in lasted)


def test_what_began_before_the_agents_start_is_not_explained_by_it() -> None:
    absence = Absence(1000, 9000, "boot1")
    assert explain(absence, Start(500), "boot1") == Explanation("link_lost", 1000, 9000)
    assert explain(absence, Start(500), "boot2") is None
    assert explain(absence, Start(5000, "machine"), "boot2") == Explanation("power_lost", 1000, 5000)
    assert explain(None, Start(500), "boot1") is None
    assert explain(absence, None, "boot1") is None
