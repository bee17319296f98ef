"""What an examination says: of one thing, how bad it is, and what to do about it."""

from dataclasses import dataclass, field
from enum import StrEnum

from pantau_contract.states import Cause
from pantau_contract.words import Words


class FindingLevel(StrEnum):
    """How bad it is. `unknown` is what cannot be told, and is nothing to mend."""

    OK = "ok"
    UNKNOWN = "unknown"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """`check` and `key` name its words in `[doctor]`, filled in with `values`; `subject` is which camera.

    `cause` is a camera's, whose own words are used; a value `detail` is evidence. What is not `listed` is the
    consequence of another finding.
    """

    check: str
    level: FindingLevel
    key: str
    subject: str = ""
    values: dict[str, object] = field(default_factory=dict)
    cause: Cause | None = None
    listed: bool = True

    @property
    def to_mend(self) -> bool:
        """Whether it belongs on the list of what to mend."""
        return self.listed and self.level in {FindingLevel.WARNING, FindingLevel.ERROR}

    def found(self, say: Words) -> str:
        """What is so, in one line."""
        return say(f"doctor.{self.check}.{self.key}.found", **self._values(say))

    def mend(self, say: Words) -> str | None:
        """What to do about it, in one line; None where there is nothing to do."""
        if self.level not in {FindingLevel.WARNING, FindingLevel.ERROR}:
            return None
        return say(f"doctor.{self.check}.{self.key}.mend", **self._values(say))

    def _values(self, say: Words) -> dict[str, object]:
        values = dict(self.values)
        if "detail" in values:
            values["detail"] = say.evidence(str(values["detail"]))
        if self.cause is not None:
            values |= {"meaning": say.meaning(self.cause), "remedy": say.remedy(self.cause)}
        return values


_CHECK_ORDER = ("power", "disk", "clock", "names", "broker", "camera", "firmware", "heat", "memory")
"""What goes first among equals: the cause before what follows from it."""


def ranked(findings: list[Finding]) -> list[Finding]:
    """What is to be mended, most important first."""
    order = {check: rank for rank, check in enumerate(_CHECK_ORDER)}
    return sorted(
        (finding for finding in findings if finding.to_mend),
        key=lambda finding: (finding.level is not FindingLevel.ERROR, order[finding.check]),
    )
