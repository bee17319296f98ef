"""Whatever a mail server answers at any step: a mail that it took is not sent again, and nobody is forgotten."""

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pantau_collector.delivery.sender import Sender
from pantau_collector.notices.compose import Composer
from pantau_collector.notices.recipients import NoticeRules
from pantau_collector.notices.transport import ChannelTransport
from pantau_collector.store import Store
from tests.collector.delivery.sending import Album, Clock, flush, opened, put, statuses
from tests.collector.notices.examples import links, recipient
from tests.collector.notices.scripted_smtp import STEPS, Reply, Script, scripted

ADDRESSES = ["ani@batam.example", "budi@batam.example", "cici@batam.example"]
CODES = [b"220", b"250", b"251", b"354", b"421", b"450", b"452", b"530", b"550", b"552", b"554", b"999"]
ENDINGS = [
    b" text\r\n",
    b"\r\n",
    b" text\n",
    b"-one\r\n%s two\r\n",  # several lines
    b"-one\r\n",  # several lines, of which the last never comes
    b" cut off",
    b" \xff\xfe\x00\r\n",
    b" " + b"long " * 4000 + b"\r\n",
    b" one\r\n%s two\r\n",  # two answers to one command
]
NONSENSE = [b"", b"\r\n", b"25", b"2x0 what\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n"]


@st.composite
def replies(draw: st.DrawFn) -> Reply:
    if draw(st.integers(0, 5)) == 0:
        return Reply(draw(st.sampled_from(NONSENSE)), closes=True)
    code, ending = draw(st.sampled_from(CODES)), draw(st.sampled_from(ENDINGS))
    waits_for_more = not ending.endswith(b"\n") or ending == b"-one\r\n"
    return Reply(code + ending.replace(b"%s", code), closes=waits_for_more or draw(st.booleans()))


SCRIPTS = st.lists(st.dictionaries(st.sampled_from(STEPS), replies(), max_size=3), max_size=10)


def last(step: str, text: bytes, *, closes: bool = False) -> list[Script]:
    return [{step: Reply(text, closes)}] * 6


@settings(max_examples=40, deadline=None)
@given(scripts=SCRIPTS, gone=st.frozensets(st.sampled_from(ADDRESSES)))
@example(scripts=last("QUIT", b"421 4.3.2 shutting down\r\n"), gone=frozenset())
@example(scripts=last("QUIT", b"250 Bye\r\n"), gone=frozenset())
@example(scripts=last("QUIT", b"", closes=True), gone=frozenset())
@example(scripts=last("final", b"250 taken\r\n", closes=True), gone=frozenset())
@example(scripts=last("final", b"250-taken\r\n", closes=True), gone=frozenset())
@example(scripts=last("final", b"250 " + b"x" * 9000 + b"\r\n"), gone=frozenset())
@example(scripts=last("final", b"451 later\r\n"), gone=frozenset(ADDRESSES[1:]))
@example(scripts=last("RCPT", b"552 too many recipients\r\n"), gone=frozenset())
@example(scripts=last("DATA", b"354 go\r\n250 taken\r\n"), gone=frozenset())
def test_each_address_gets_the_mail_once_or_is_given_up_at_its_first_refusal(
    scripts: list[Script], gone: frozenset[str]
) -> None:
    with TemporaryDirectory() as folder, scripted(scripts, gone) as server:
        url = f"mailto://127.0.0.1:{server.server_port}/?from=pantau@batam.example&to={','.join(ADDRESSES)}"
        store, clock = Store.at(Path(folder) / "store.sqlite"), Clock()
        transport = ChannelTransport(clock.time_ms)
        sender = Sender(store, transport, [recipient(url)], NoticeRules(), Composer(links()), Album(), clock)
        put(store, opened())
        for _ in range(60):
            flush(sender)
            clock.s += 1000
        outcome = [status for status, _, _ in statuses(store)]
        store.close()
    assert max(Counter(server.taken).values(), default=1) == 1, "a mail that was taken was sent again"
    assert set(outcome) <= {"sent", "dead"}
    assert [address for address, status in zip(ADDRESSES, outcome, strict=True) if status == "sent"] == sorted(
        server.taken
    ), "who is not refused for good gets it"
    assert outcome.count("dead") == server.refusals, "each is given up at its first refusal"
    assert not gone & set(server.taken)


@pytest.mark.parametrize("code", [b"550", b"551", b"553", b"554"])
def test_one_address_that_is_gone_is_given_up_at_once_and_the_other_has_its_mail_once(
    code: bytes, store: Store, clock: Clock
) -> None:
    with scripted([{}, {"RCPT": Reply(code + b" no such mailbox\r\n")}]) as server:
        url = f"mailto://127.0.0.1:{server.server_port}/?from=p@batam.example&to=ani@b.example,gone@b.example"
        transport = ChannelTransport(clock.time_ms)
        sender = Sender(
            store, transport, [recipient(url)], NoticeRules(parallel=1), Composer(links()), Album(), clock
        )
        put(store, opened())
        for _ in range(100):
            flush(sender)
            clock.s += 100
    assert server.taken == ["ani@b.example"]
    assert server.asked == ["ani@b.example", "gone@b.example"]
    text = f"gone@b.example was refused: {code.decode()} no such mailbox"
    assert statuses(store) == [("sent", 1, ""), ("dead", 1, text)]
