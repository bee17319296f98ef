"""Who is notified, of what, when and how: the tables `recipient`, `group`, `escalation` and `notices`."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from pantau_collector.names import Slug, ZoneName
from pantau_collector.notices import hours
from pantau_collector.notices.channel import ChannelError, check_channel
from pantau_contract.states import current_name
from pantau_contract.words import Language
from pantau_service.settings import did_you_mean, error_at

_STRICT = ConfigDict(frozen=True, extra="forbid", validate_default=True)
"""Configuration of all models here: immutable, and unknown keys are errors."""

Criticality = Literal["low", "normal", "high"]


def _channel(url: SecretStr) -> SecretStr:
    try:
        check_channel(url.get_secret_value())
    except ChannelError as error:
        raise ValueError(f"expected an address that can be sent to: {error}") from None
    return url


def _hours(text: str) -> str:
    hours.parse(text)
    return text


def _current_names(causes: frozenset[str]) -> frozenset[str]:
    return frozenset(map(current_name, causes))


ChannelUrl = Annotated[SecretStr, AfterValidator(_channel)]
HoursText = Annotated[str, AfterValidator(_hours)]
Seconds = Annotated[float, Field(gt=0, le=86400)]


class Filter(BaseModel):
    """What somebody is notified of. An empty key matches everything; the other keys must all match one camera."""

    model_config = _STRICT

    owners: frozenset[Slug] = frozenset()
    maintainers: frozenset[Slug] = frozenset()
    projects: frozenset[str] = frozenset()
    sites: frozenset[Slug] = frozenset()
    tags: frozenset[str] = frozenset()
    criticality: frozenset[Criticality] = frozenset()
    causes: Annotated[frozenset[str], AfterValidator(_current_names)] = frozenset()
    """The causes of outages, such as `black` or `site_dark`."""
    hours: list[HoursText] = []
    """Hours of duty in the recipient's time zone. What begins outside of them is not sent, also not later."""

    @property
    def is_empty(self) -> bool:
        """True if it matches everything at any time."""
        return not any(getattr(self, key) for key in Filter.model_fields)


class Recipient(Filter):
    """A person, or several people with one address."""

    id: Slug
    name: str = ""
    language: Language = "id"
    timezone: ZoneName = "Asia/Jakarta"
    urls: Annotated[list[ChannelUrl], Field(min_length=1)]
    delivery: Literal["all", "in_order"] = "all"
    """Whether a letter goes out by all channels at once, or by the first one that works."""
    next_channel_after: Annotated[int, Field(ge=1, le=1000)] = 3
    """Failed attempts before the next channel is tried, with `in_order`."""
    quiet_hours: list[HoursText] = []
    """Hours during which notices are held back; they are sent in one digest afterwards."""
    quiet_except: frozenset[Criticality] = frozenset({"high"})
    """Criticality of cameras whose outages are sent during quiet hours too, as escalations are."""
    hourly_limit: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Letters per hour; what exceeds them is sent in a digest as soon as there is room."""
    pictures: bool = True
    """Whether pictures go with notices; not wanted where a service abroad would keep them."""
    escalations_only: bool = False
    """Notify only of what nobody has acknowledged for long, and then of its end."""


class Group(Filter):
    """People with a common filter. The `members` are notified of what matches it, or their own filters.

    A member without a filter of its own is notified only of what matches its groups.
    """

    id: Slug
    name: str = ""
    members: Annotated[frozenset[Slug], Field(min_length=1)]


class EscalationLevel(Filter):
    """Recipients or groups who are also notified of an outage that is not acknowledged for `after_min` minutes.

    A recipient with a filter is notified only of what matches that as well.
    """

    after_min: Annotated[float, Field(gt=0, le=30 * 24 * 60)]
    recipients: Annotated[frozenset[Slug], Field(min_length=1)]


class NoticeRules(BaseModel):
    """How notices are batched, and how often a letter is retried.

    Each delay is twice the one before, from `first_retry_s` up to `max_retry_s`.
    """

    model_config = _STRICT

    gather_s: Annotated[float, Field(ge=0, le=3600)] = 30
    """Seconds that an outage of a whole site or more waits for others, so that one message reports all."""
    announce_min: Annotated[float, Field(ge=0, le=30 * 24 * 60)] = 60
    """Minutes before its beginning at which maintenance is announced, or 0 for no announcements."""
    acknowledge_h: Annotated[float, Field(gt=0, le=24 * 30)] = 72
    """Hours for which the link in a notice can acknowledge."""
    max_attempts: Annotated[int, Field(ge=1, le=10_000)] = 100
    """Attempts to deliver a letter on its last channel before it becomes a dead letter."""
    first_retry_s: Seconds = 5
    """Seconds before the first retry."""
    max_retry_s: Seconds = 900
    """Seconds before a retry, at most."""
    parallel: Annotated[int, Field(ge=1, le=64)] = 8
    """Letters that are sent at the same time through one server."""


class People(BaseModel):
    """Everybody who is notified: recipients, groups and levels of escalation, checked against each other."""

    model_config = _STRICT

    recipient: list[Recipient] = []
    group: list[Group] = []
    escalation: list[EscalationLevel] = []

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        check_people(self.recipient, self.group, self.escalation)
        return self

    @property
    def levels(self) -> list[EscalationLevel]:
        """The levels of escalation, the soonest first: the nth one is the incident's escalation n."""
        return sorted(self.escalation, key=lambda level: level.after_min)

    def filters(self, recipient: Recipient) -> list[Filter]:
        """Return the filters of a recipient; they are notified of what matches any of these."""
        groups: list[Filter] = [group for group in self.group if recipient.id in group.members]
        return groups if recipient.is_empty and groups else [recipient, *groups]

    def expand(self, names: Iterable[str]) -> set[str]:
        """Return the ids of the recipients that these names of recipients and groups stand for."""
        members: Mapping[str, frozenset[str]] = {group.id: group.members for group in self.group}
        return {one for name in names for one in members.get(name, (name,))}


def check_people(
    recipients: Iterable[Recipient], groups: Iterable[Group], escalation: Iterable[EscalationLevel]
) -> None:
    """Check that everybody who is named exists, and once only.

    Raises:
        ValueError: they do not; the text states what was expected.
    """
    people, groups = [recipient.id for recipient in recipients], list(groups)
    names = [*people, *(group.id for group in groups)]
    twice = ", ".join(repr(name) for name in dict.fromkeys(names) if names.count(name) > 1)
    if twice:
        raise ValueError(f"expected each recipient's or group's id once, got {twice} more than once")
    for i, group in enumerate(groups, start=1):
        for member in sorted(group.members - set(people)):
            raise error_at(
                f"group[{i}].members", f"there is no recipient `{member}`; {did_you_mean(member, people)}"
            )
    for i, level in enumerate(escalation, start=1):
        for name in sorted(level.recipients - set(names)):
            text = f"there is no recipient or group `{name}`; {did_you_mean(name, names)}"
            raise error_at(f"escalation[{i}].recipients", text)
