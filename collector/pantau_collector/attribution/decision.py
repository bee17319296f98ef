"""A decision of a person: that lost time belongs to another bucket than the evidence says."""

from msgspec import Struct

from pantau_collector.ledger import Bucket

MAX_NAME = 200
"""Characters of a person's or a party's name."""
MAX_REASON = 1000
"""Characters of a reason."""
NEEDS_PARTY = frozenset({Bucket.THIRD_PARTY})
"""Buckets that say nothing without whose fault it was."""

CameraKey = tuple[str, str]
"""Site and id of a camera."""


class DecisionError(Exception):
    """A decision that cannot be made; the text says what is wrong and what was expected."""


class NothingToMoveError(DecisionError):
    """There is no such incident, or none of its time was lost."""


class Wish(Struct, frozen=True):
    """What a person wants to decide about an incident.

    `to` is a bucket, or None to take the time back to the evidence. `cameras` are those of the incident that it is
    about, or None for all; `from_ms` and `to_ms` (UTC) a part of the incident's time, or None for its beginning
    and end. `party` is whose fault it was, as a company's name.
    """

    incident: int
    to: Bucket | None
    reason: str
    by: str
    party: str = ""
    cameras: tuple[CameraKey, ...] | None = None
    from_ms: int | None = None
    to_ms: int | None = None


class Decision(Struct, frozen=True):
    """A decision that was made. None is ever changed or deleted: of several about a moment the last one counts.

    `to_ms` is None while the incident that it is about is open; its end becomes the decision's. `before` is what
    the lost time was when the decision was made: the milliseconds of each camera by bucket. Nothing else is needed
    of the incident, which is removed after a time.
    """

    id: int
    incident: int
    cameras: tuple[CameraKey, ...]
    from_ms: int
    to_ms: int | None
    to: Bucket | None
    party: str
    reason: str
    by: str
    created_ms: int
    before: dict[CameraKey, dict[Bucket, int]]

    @property
    def before_ms(self) -> dict[Bucket, int]:
        """The milliseconds of all cameras by bucket, when the decision was made."""
        sums: dict[Bucket, int] = {}
        for its in self.before.values():
            for bucket, ms in its.items():
                sums[bucket] = sums.get(bucket, 0) + ms
        return sums


def check_texts(wish: Wish) -> None:
    """Check what a person wrote.

    Raises:
        DecisionError: a text is missing, too long, not printable, or has no meaning for the bucket.
    """
    _check_text("by", wish.by, MAX_NAME, "the name of the person who decides")
    _check_text("reason", wish.reason, MAX_REASON, "why it is decided so")
    if wish.to in NEEDS_PARTY or wish.party:
        _check_text("party", wish.party, MAX_NAME, f"whose fault it was, for {wish.to or 'evidence'}")
    if wish.to is None and wish.party:
        raise DecisionError("party: expected none, because the time goes back to the evidence")


def _check_text(name: str, text: str, most: int, meaning: str) -> None:
    if not text.strip():
        raise DecisionError(f"{name}: expected {meaning}, and it is empty")
    if len(text) > most:
        raise DecisionError(f"{name}: expected at most {most} characters, got {len(text)}")
    if not text.isprintable():
        raise DecisionError(f"{name}: expected one line of printable characters, got {text!r}")
