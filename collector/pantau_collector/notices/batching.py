"""Which waiting notices make a letter now, and which are held back for a digest. Pure.

- What is ready and does not gather goes at once; what is ready at the same time, of one kind, goes in one letter.
- What gathers waits for others of its kind; when the first one's time is over, all of them go.
- What was held back, in quiet hours or beyond the limit, goes in one digest when it is ready.
- What is said later of an outage never overtakes what was said before: it joins it in the digest.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pantau_collector.notices.notice import Form, Waiting

HOUR_MS = 3_600_000


class Envelope(NamedTuple):
    """A letter to be: its form, and its notices in their order."""

    form: Form
    notices: list[Waiting]


class Gathering(NamedTuple):
    """What goes now, and until when what is put off (by the notice's id; UTC ms)."""

    letters: list[Envelope]
    held: dict[int, int]


def gather(waiting: Iterable[Waiting], now_ms: int, *, sent_ms: Sequence[int], limit: int | None) -> Gathering:
    """Judges one recipient's waiting notices; `sent_ms` is when letters of the last hour were made."""
    waiting = list(waiting)
    held = _not_to_overtake(waiting, now_ms)
    ready = [each for each in waiting if each.ready_ms <= now_ms and each.id not in held]
    letters = [*_by_kind(waiting, ready, held), *_digest(ready)]
    if limit is None or not letters:
        return Gathering(letters, held)
    recent = sorted(time_ms for time_ms in sent_ms if time_ms > now_ms - HOUR_MS)
    room = limit - len(recent)
    if len(letters) <= room:
        return Gathering(letters, held)
    if room <= 0:
        # A slot is free again when, of as many as there may be, the oldest is an hour old.
        free_ms = recent[-limit] + HOUR_MS
        held |= {each.id: free_ms for letter in letters for each in letter.notices}
        return Gathering([], held)
    together = [each for letter in letters[room - 1 :] for each in letter.notices]
    return Gathering([*letters[: room - 1], Envelope(Form.DIGEST, sorted(together))], held)


def _not_to_overtake(waiting: Iterable[Waiting], now_ms: int) -> dict[int, int]:
    """What is ready of an incident of which something earlier is still held back."""
    until_ms: dict[int, int] = {}
    overtaking: dict[int, int] = {}
    for each in waiting:
        if each.incident and each.incident in until_ms and each.ready_ms < until_ms[each.incident]:
            overtaking[each.id] = until_ms[each.incident]
        elif each.held and each.ready_ms > now_ms:
            until_ms[each.incident] = max(until_ms.get(each.incident, 0), each.ready_ms)
    return overtaking


def _by_kind(waiting: list[Waiting], ready: list[Waiting], held: dict[int, int]) -> list[Envelope]:
    told = [each for each in ready if not each.held]
    over = {each.kind for each in told if each.gathers}
    told += [
        each
        for each in waiting
        if each.kind in over and each.gathers and not each.held and each not in ready and each.id not in held
    ]
    letters = []
    for kind in dict.fromkeys(each.kind for each in told):
        of_kind = sorted(each for each in told if each.kind is kind)
        letters.append(Envelope(Form.GROUP if len(of_kind) > 1 else Form.SINGLE, of_kind))
    return letters


def _digest(ready: list[Waiting]) -> list[Envelope]:
    kept = [each for each in ready if each.held]
    if not kept:
        return []
    return [Envelope(Form.DIGEST if len(kept) > 1 else Form.SINGLE, kept)]
