"""The result of one check: how bad it is, and what to do about it."""

from dataclasses import dataclass, field
from enum import StrEnum

from pantau_contract.states import Cause
from pantau_contract.words import Words


class FindingLevel(StrEnum):
    """How bad a finding is. `unknown` could not be determined, and needs no fix."""

    OK = "ok"
    UNKNOWN = "unknown"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check.

    `check` and `key` select its texts in `[doctor]`, which `values` fill in. `subject` is the camera, if it is
    about one. `cause` is that camera's, whose own texts are used. A value named `detail` is evidence. A finding
    that is not `listed` is the consequence of another one.
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
        """True if the finding belongs on the list of what to fix."""
        return self.listed and self.level in {FindingLevel.WARNING, FindingLevel.ERROR}

    def found(self, say: Words) -> str:
        """Return what was found, in one line."""
        return say(f"doctor.{self.check}.{self.key}.found", **self._values(say))

    def mend(self, say: Words) -> str | None:
        """Return what to do about it, in one line, or None if there is nothing to do."""
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
"""The order of checks among findings of the same level: a cause before its consequences."""


def ranked(findings: list[Finding]) -> list[Finding]:
    """Return the findings that need a fix, the most important first."""
    order = {check: rank for rank, check in enumerate(_CHECK_ORDER)}
    return sorted(
        (finding for finding in findings if finding.to_mend),
        key=lambda finding: (finding.level is not FindingLevel.ERROR, order[finding.check]),
    )
