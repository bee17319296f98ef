"""Who is told, of what, when and how: the tables `recipient`, `group`, `escalation` and `notices`."""

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


Channel = Annotated[SecretStr, AfterValidator(_channel)]
HoursText = Annotated[str, AfterValidator(_hours)]
Seconds = Annotated[float, Field(gt=0, le=86400)]


class Filter(BaseModel):
    """Of what somebody is told. An empty key lets all through; those set must all fit one and the same camera."""

    model_config = _STRICT

    owners: frozenset[Slug] = frozenset()
    maintainers: frozenset[Slug] = frozenset()
    projects: frozenset[str] = frozenset()
    sites: frozenset[Slug] = frozenset()
    tags: frozenset[str] = frozenset()
    criticality: frozenset[Criticality] = frozenset()
    causes: Annotated[frozenset[str], AfterValidator(_current_names)] = frozenset()
    """An outage's cause, as `black` or `site_dark`."""
    hours: list[HoursText] = []
    """In the recipient's time zone; outside of them it is another's turn, and what began then is not told."""

    @property
    def is_empty(self) -> bool:
        """Whether it lets all through at any time."""
        return not any(getattr(self, key) for key in Filter.model_fields)


class Recipient(Filter):
    """A person, or a group with an address of its own."""

    id: Slug
    name: str = ""
    language: Language = "id"
    timezone: ZoneName = "Asia/Jakarta"
    urls: Annotated[list[Channel], Field(min_length=1)]
    delivery: Literal["all", "in_order"] = "all"
    """By all channels at once, or by the first that works."""
    next_channel_after: Annotated[int, Field(ge=1, le=1000)] = 3
    """With `in_order`: attempts that fail before the next channel is tried."""
    quiet_hours: list[HoursText] = []
    """What comes meanwhile is told in one digest when they end."""
    quiet_except: frozenset[Criticality] = frozenset({"high"})
    """Outages of such cameras come through all the same; so do escalations."""
    hourly_limit: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Messages in an hour; what goes beyond is told in a digest as soon as there is room."""
    escalations_only: bool = False
    """Told only of what nobody has taken for long, and then of its end."""


class Group(Filter):
    """People who are told of the same. Its `members` are told of what fits its filter beside their own.

    A member without a filter of its own is told only of what fits its groups'.
    """

    id: Slug
    name: str = ""
    members: Annotated[frozenset[Slug], Field(min_length=1)]


class EscalationLevel(Filter):
    """An outage that nobody has acknowledged for `after_min` minutes goes to these recipients or groups too.

    A recipient with a filter is told only of what fits that as well.
    """

    after_min: Annotated[float, Field(gt=0, le=30 * 24 * 60)]
    recipients: Annotated[frozenset[Slug], Field(min_length=1)]


class NoticeRules(BaseModel):
    """How notices are gathered, and how hard they are tried.

    Each wait is twice the last one, from `first_retry_s` up to `max_retry_s`.
    """

    model_config = _STRICT

    gather_s: Annotated[float, Field(ge=0, le=3600)] = 30
    """Outages of whole sites and above wait so long for others, so that one message tells of all."""
    announce_min: Annotated[float, Field(ge=0, le=30 * 24 * 60)] = 60
    """Maintenance is announced so long before it begins; 0: it is not."""
    acknowledge_h: Annotated[float, Field(gt=0, le=24 * 30)] = 72
    """How long the link in a notice can acknowledge."""
    max_attempts: Annotated[int, Field(ge=1, le=10_000)] = 100
    first_retry_s: Seconds = 5
    max_retry_s: Seconds = 900
    parallel: Annotated[int, Field(ge=1, le=64)] = 8


class People(BaseModel):
    """Everybody who is told: recipients, their groups, and who is told later. Checked against each other."""

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
        """The levels of escalation, the soonest first: the nth is the incident's escalation n."""
        return sorted(self.escalation, key=lambda level: level.after_min)

    def filters(self, recipient: Recipient) -> list[Filter]:
        """What the recipient is told of: what fits any of these."""
        groups: list[Filter] = [group for group in self.group if recipient.id in group.members]
        return groups if recipient.is_empty and groups else [recipient, *groups]

    def named(self, names: Iterable[str]) -> set[str]:
        """The ids of the recipients that these names of recipients and groups stand for."""
        members: Mapping[str, frozenset[str]] = {group.id: group.members for group in self.group}
        return {one for name in names for one in members.get(name, (name,))}


def check_people(
    recipients: Iterable[Recipient], groups: Iterable[Group], escalation: Iterable[EscalationLevel]
) -> None:
    """Looks whether all who are named are there, and each once.

    Raises:
        ValueError: they are not; the text says what was expected.
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
