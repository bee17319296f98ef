"""What a finding comes to, with its words checked."""

from pantau_agent.doctor.finding import Finding, FindingLevel
from pantau_contract.words import LANGUAGES, words


def outcome(finding: Finding) -> tuple[FindingLevel, str]:
    """Level and key; it can be said in each language, and what is to be mended says how."""
    for language in LANGUAGES:
        say = words(language)
        assert finding.found(say)
        assert bool(finding.mend(say)) is (finding.level in {FindingLevel.WARNING, FindingLevel.ERROR})
    return finding.level, finding.key
