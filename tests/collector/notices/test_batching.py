from pantau_collector.notices.batching import HOUR_MS, SITE_GATHER_MS, SITE_LETTERS, Batching, batch
from pantau_collector.notices.letter import Form
from pantau_collector.notices.notice import NoticeKind
from pantau_collector.notices.notification import PendingNotice

OPENED, RESOLVED = NoticeKind.OPENED, NoticeKind.RESOLVED
NOW = 10 * HOUR_MS


def one(
    number: int,
    kind: NoticeKind = OPENED,
    *,
    ready: int = NOW,
    held: bool = False,
    batched: bool = False,
    incident: int | None = None,
    site: str = "",
) -> PendingNotice:
    return PendingNotice(number, incident or number, kind, "noc", ready, held, batched, site)


def judge(
    *waiting: PendingNotice,
    sent: tuple[int, ...] = (),
    limit: int | None = None,
    of_site: dict[str, list[int]] | None = None,
) -> Batching:
    begun = {(site, True): sent_ms for site, sent_ms in (of_site or {}).items()}
    return batch(waiting, NOW, sent_ms=sent, limit=limit, sent_of_site_ms=begun)


def shape(batching: Batching) -> list[tuple[Form, list[int]]]:
    return [(letter.form, [each.id for each in letter.notices]) for letter in batching.letters]


def test_what_is_ready_at_the_same_time_goes_in_one_letter_a_kind() -> None:
    assert shape(judge(one(1))) == [(Form.SINGLE, [1])]
    assert shape(judge(one(1), one(2, RESOLVED), one(3))) == [(Form.GROUP, [1, 3]), (Form.SINGLE, [2])]


def test_nothing_goes_before_its_time() -> None:
    assert judge(one(1, ready=NOW + 1, batched=True), one(2, ready=NOW + 1, held=True)) == Batching([], {})


def test_when_the_first_has_waited_long_enough_all_that_is_batched_goes() -> None:
    waiting = [one(i, ready=NOW + i, batched=True) for i in range(5)]
    assert shape(judge(*waiting)) == [(Form.GROUP, [0, 1, 2, 3, 4])]


def test_what_is_urgent_does_not_break_off_the_batching_of_others() -> None:
    assert shape(judge(one(1, ready=NOW + 9, batched=True), one(2))) == [(Form.SINGLE, [2])]


def test_a_recovery_does_not_hurry_an_outage() -> None:
    assert shape(judge(one(1, ready=NOW + 9, batched=True), one(2, RESOLVED, batched=True))) == [
        (Form.SINGLE, [2])
    ]


def test_what_was_held_back_goes_in_one_digest() -> None:
    assert shape(judge(one(1, held=True), one(2, RESOLVED, held=True, incident=1), one(3))) == [
        (Form.SINGLE, [3]),
        (Form.DIGEST, [1, 2]),
    ]


def test_a_recovery_does_not_overtake_its_outage_that_is_held_back() -> None:
    batching = judge(one(1, held=True, ready=NOW + 500), one(2, RESOLVED, incident=1), one(3, RESOLVED))
    assert shape(batching) == [(Form.SINGLE, [3])]
    assert batching.held == {2: NOW + 500}


def test_what_goes_beyond_the_limit_is_held_until_there_is_room() -> None:
    sent = (NOW - HOUR_MS - 1, NOW - 3000, NOW - 2000)
    assert shape(judge(one(1), sent=sent, limit=3)) == [(Form.SINGLE, [1])]
    full = judge(one(1), one(2, RESOLVED), sent=sent, limit=2)
    assert full.letters == []
    assert full.held == {1: NOW - 3000 + HOUR_MS, 2: NOW - 3000 + HOUR_MS}


def test_the_last_letter_that_there_is_room_for_carries_all_the_rest() -> None:
    batching = judge(one(1), one(2, RESOLVED), one(3, NoticeKind.ESCALATED), limit=2)
    assert shape(batching) == [(Form.SINGLE, [1]), (Form.DIGEST, [2, 3])]
    assert batching.held == {}


def test_the_limit_is_of_a_sliding_hour() -> None:
    hour_ms = 3_600_000
    assert shape(judge(one(1), sent=(NOW - hour_ms,), limit=1)) == [(Form.SINGLE, [1])]
    assert judge(one(1), sent=(NOW - hour_ms + 1,), limit=1).held == {1: NOW + 1}


def test_an_escalation_goes_at_once_while_the_notice_of_its_outage_is_held_back() -> None:
    held = one(1, ready=NOW + 9, held=True)
    assert shape(judge(held, one(2, NoticeKind.ESCALATED, incident=1))) == [(Form.SINGLE, [2])]
    resolved = judge(held, one(2, RESOLVED, incident=1))
    assert (shape(resolved), resolved.held) == ([], {2: NOW + 9}), "any other notice joins it"


MINUTE = 60_000


def test_after_six_letters_an_hour_about_the_cameras_of_a_site_the_next_waits_ten_minutes_for_others() -> None:
    assert (SITE_LETTERS, SITE_GATHER_MS) == (6, 600_000)
    sent = {"kabil": [NOW - n * MINUTE for n in (50, 40, 30, 20, 10, 3)], "nongsa": [NOW - MINUTE]}
    batching = judge(one(1, site="kabil"), one(2, site="nongsa"), one(3), of_site=sent)
    assert shape(batching) == [(Form.GROUP, [2, 3])]
    assert batching.held == {1: NOW + 7 * MINUTE}
    assert judge(one(1, RESOLVED, site="kabil"), of_site=sent).held == {}
    sent["kabil"][-1] = NOW - 10 * MINUTE
    assert judge(one(1, site="kabil"), of_site=sent).held == {}
    sent["kabil"] = [NOW - HOUR_MS, *sent["kabil"][1:-1], NOW - MINUTE]
    assert judge(one(1, site="kabil"), of_site=sent).held == {}


def test_one_site_gets_half_of_an_hourly_limit_at_most() -> None:
    sent = {"kabil": [NOW - 30 * MINUTE, NOW - 20 * MINUTE]}
    letters = tuple(sent["kabil"])
    assert judge(one(1, site="kabil"), sent=letters, limit=4, of_site=sent).held == {1: NOW + 30 * MINUTE}
    assert shape(judge(one(1, site="nongsa"), sent=letters, limit=4, of_site=sent)) == [(Form.SINGLE, [1])]
    assert judge(one(1, site="kabil"), sent=letters, limit=6, of_site=sent).held == {}


def test_letters_from_before_the_clock_was_set_back_hold_nothing() -> None:
    sent = {"kabil": [NOW + n * HOUR_MS for n in range(1, 10)]}
    assert judge(one(1, site="kabil"), of_site=sent).held == {}
