"""Decides which pending notices go out in a letter now, and which are held back for a digest. It is pure.

- A notice that is ready and is not batched goes out at once; notices of one kind that are ready at the same time
  go out in one letter.
- A batched notice waits for others of its kind; when the first one's time is over, all of them go out.
- Notices that were held back, during quiet hours or beyond the hourly limit, go out in one digest afterwards.
- Beyond a few letters about single cameras of one site, notices of such wait too, and go out together, so that no
  site hides the outages of others behind its own. What begins is counted apart from what follows.
- A later notice of an outage never overtakes an earlier one: it joins it in the digest. Only an escalation goes
  out at once, however long the earlier notice is held back.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from pantau_collector.notices.letter import Form
from pantau_collector.notices.notice import NoticeKind
from pantau_collector.notices.notification import PendingNotice

HOUR_MS = 3_600_000
"""An hour in milliseconds: the window of the hourly limit, and of that for one site."""
SITE_LETTERS = 6
"""Letters an hour about single cameras of one site that a recipient gets at once."""
SITE_GATHER_MS = 10 * 60_000
"""Milliseconds between two letters about single cameras of one site beyond those."""


SiteNews = tuple[str, bool]
"""A site, and whether a notice reports that something begins there; or else what became of it."""


def site_news(site: str, kind: NoticeKind) -> SiteNews:
    """Return what a notice about a camera of a site is counted as."""
    return site, kind in (NoticeKind.OPENED, NoticeKind.FLAPPING)


class BatchedLetter(NamedTuple):
    """A letter to be written: its form, and its notices in their order."""

    form: Form
    notices: list[PendingNotice]


class Batching(NamedTuple):
    """The letters that go out now, and until when other notices are held back (UTC ms, by the notice's id)."""

    letters: list[BatchedLetter]
    held: dict[int, int]


def batch(
    pending: Iterable[PendingNotice],
    now_ms: int,
    *,
    sent_ms: Sequence[int],
    limit: int | None,
    sent_of_site_ms: Mapping[SiteNews, Sequence[int]] | None = None,
) -> Batching:
    """Batch the pending notices of one recipient.

    Args:
        pending: the notices that are in no letter yet, the oldest first.
        now_ms: the time, UTC ms.
        sent_ms: when the letters of the last hour were written, UTC ms.
        limit: how many letters the recipient gets in an hour, or None for any number. One site gets half of them
            at most.
        sent_of_site_ms: when those of the last hour about single cameras of a site were written.
    """
    pending = list(pending)
    held = _hold_overtaking(pending, now_ms) | _hold_sites(pending, sent_of_site_ms or {}, now_ms, limit)
    ready = [each for each in pending if each.ready_ms <= now_ms and each.id not in held]
    letters = [*_by_kind(pending, ready, held), *_digest(ready)]
    if limit is None or not letters:
        return Batching(letters, held)
    recent = sorted(time_ms for time_ms in sent_ms if time_ms > now_ms - HOUR_MS)
    room = limit - len(recent)
    if len(letters) <= room:
        return Batching(letters, held)
    if room <= 0:
        # There is room again when the oldest of the latest `limit` letters is an hour old.
        free_ms = recent[-limit] + HOUR_MS
        held |= {each.id: free_ms for letter in letters for each in letter.notices}
        return Batching([], held)
    together = [each for letter in letters[room - 1 :] for each in letter.notices]
    return Batching([*letters[: room - 1], BatchedLetter(Form.DIGEST, sorted(together))], held)


def _hold_overtaking(pending: Iterable[PendingNotice], now_ms: int) -> dict[int, int]:
    """Return the notices that would overtake one of the same incident, and until when that one is held back."""
    until_ms: dict[int, int] = {}
    overtaking: dict[int, int] = {}
    for each in pending:
        if each.kind is NoticeKind.ESCALATED and not each.held:
            continue
        if each.incident and each.incident in until_ms and each.ready_ms < until_ms[each.incident]:
            overtaking[each.id] = until_ms[each.incident]
        elif each.held and each.ready_ms > now_ms:
            until_ms[each.incident] = max(until_ms.get(each.incident, 0), each.ready_ms)
    return overtaking


def _hold_sites(
    pending: Iterable[PendingNotice],
    sent_of_site_ms: Mapping[SiteNews, Sequence[int]],
    now_ms: int,
    limit: int | None,
) -> dict[int, int]:
    """Return the notices of sites about which enough has been written, and until when they are held back."""
    free_ms = {news: _site_free_ms(sent_ms, now_ms, limit) for news, sent_ms in sent_of_site_ms.items()}
    held = {}
    for each in pending:
        until_ms = free_ms.get(site_news(each.site, each.kind), 0) if each.site else 0
        if max(each.ready_ms, now_ms) < until_ms:
            held[each.id] = until_ms
    return held


def _site_free_ms(sent_ms: Sequence[int], now_ms: int, limit: int | None) -> int:
    """Return from when there may be another letter about cameras of a site (UTC ms)."""
    recent = sorted(time_ms for time_ms in sent_ms if now_ms - HOUR_MS < time_ms <= now_ms)
    free_ms = recent[-1] + SITE_GATHER_MS if len(recent) >= SITE_LETTERS else 0
    share = len(recent) + 1 if limit is None else max(limit // 2, 1)
    return free_ms if len(recent) < share else max(free_ms, recent[-share] + HOUR_MS)


def _by_kind(
    pending: list[PendingNotice], ready: list[PendingNotice], held: dict[int, int]
) -> list[BatchedLetter]:
    chosen = [each for each in ready if not each.held]
    complete = {each.kind for each in chosen if each.batched}
    chosen += [
        each
        for each in pending
        if each.kind in complete and each.batched and not each.held and each not in ready and each.id not in held
    ]
    letters = []
    for kind in dict.fromkeys(each.kind for each in chosen):
        of_kind = sorted(each for each in chosen if each.kind is kind)
        letters.append(BatchedLetter(Form.GROUP if len(of_kind) > 1 else Form.SINGLE, of_kind))
    return letters


def _digest(ready: list[PendingNotice]) -> list[BatchedLetter]:
    held = [each for each in ready if each.held]
    if not held:
        return []
    return [BatchedLetter(Form.DIGEST if len(held) > 1 else Form.SINGLE, held)]
