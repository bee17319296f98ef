"""The outcome of a finding, with its texts checked."""

from pantau_agent.doctor.finding import Finding, FindingLevel
from pantau_contract.words import LANGUAGES, words


def outcome(finding: Finding) -> tuple[FindingLevel, str]:
    """Return level and key, after checking that every language has its texts, and a fix where one is needed."""
    for language in LANGUAGES:
        say = words(language)
        assert finding.found(say)
        assert bool(finding.mend(say)) is (finding.level in {FindingLevel.WARNING, FindingLevel.ERROR})
    return finding.level, finding.key
