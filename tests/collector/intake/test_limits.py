import threading

import pytest

from pantau_collector.intake.inbox import Inbox, Incoming
from pantau_collector.intake.known_cameras import KnownCameras
from pantau_contract.errors import ContractError
from tests.collector.intake.messages import NOW, about, birth, down, telemetry


def incoming(payload: bytes = b"x") -> Incoming:
    return Incoming(NOW, "pantau/v1/a/agent", payload, retained=False, connection=1, mid=1, qos=1)


def test_a_site_that_invents_cameras_is_stopped_and_its_others_and_other_sites_are_not() -> None:
    known = KnownCameras(limit=10)
    known.admit(telemetry(1, cameras=8))
    known.admit(down(2))
    with pytest.raises(ContractError, match="more than 10 cameras"):
        known.admit(telemetry(2, cameras=11))
    known.admit(telemetry(3, cameras=8))
    known.admit(about(camera="cam8"))
    known.admit(about(camera="cam9"))
    with pytest.raises(ContractError, match="more than 10 cameras"):
        known.admit(about(camera="cam10"))
    known.admit(telemetry(1, site="harbour", cameras=10))
    known.admit(birth())


@pytest.mark.parametrize("inbox", [Inbox(max_messages=2), Inbox(max_bytes=20)])
def test_a_full_inbox_lets_its_writer_wait_until_there_is_room(inbox: Inbox) -> None:
    inbox.put(incoming(b"x" * 10))
    inbox.put(incoming(b"x" * 10))
    done = threading.Event()

    def put() -> None:
        inbox.put(incoming())
        done.set()

    thread = threading.Thread(target=put)
    thread.start()
    assert not done.wait(0.05)
    assert len(inbox.get_batch(1, 1 << 20)) == 1
    assert done.wait(60)
    thread.join()
    assert len(inbox) == 2


def test_a_closed_inbox_takes_no_more_and_gives_what_it_has() -> None:
    inbox = Inbox(max_messages=1)
    inbox.put(incoming())
    waiting = threading.Thread(target=inbox.put, args=(incoming(),))
    waiting.start()
    inbox.close()
    waiting.join(60)
    assert not waiting.is_alive()
    assert not inbox.put(incoming())
    assert len(inbox.get_batch(10, 1 << 20)) == 1
    assert inbox.get_batch(10, 1 << 20) == []


def test_what_is_taken_at_once_is_bounded() -> None:
    inbox = Inbox()
    for _ in range(10):
        inbox.put(incoming(b"x" * 100))
    assert len(inbox.get_batch(3, 1 << 20)) == 3
    assert len(inbox.get_batch(100, 250)) == 3
    assert len(inbox.get_batch(100, 1 << 20)) == 4
