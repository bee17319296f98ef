"""What the templates of pages need to say numbers, kinds and names in the reader's language."""

from collections.abc import Mapping

from pantau_collector.notices.recipients import People
from pantau_collector.store.incident_rows import TimelineStep
from pantau_collector.web.camera_phrases import cause_phrase
from pantau_collector.web.times import duration
from pantau_contract.states import State
from pantau_contract.words import Words


def phrases(words: Words, now_ms: int) -> Mapping[str, object]:
    """Return the functions that every page's template may call; `now_ms` (UTC) is when durations end."""

    def lasted(start_ms: int, end_ms: int | None = None) -> str:
        return duration(((end_ms or now_ms) - start_ms) / 1000, words)

    def choice_label(key: str, value: str) -> str:
        if key == "state":
            return words.state(State(value))
        return cause_phrase(words.meaning, value) if key == "cause" else value

    return {
        "lasted": lasted,
        "duration": lasted,
        "meaning": lambda cause: cause_phrase(words.meaning, cause),
        "number": lambda value: number(value, words),
        "choice_label": choice_label,
    }


def incident_phrases(words: Words, people: People) -> Mapping[str, object]:
    """Return the functions that the page of an incident calls beside them."""
    names = {each.id: each.name or each.id for each in people.recipient}

    def step_text(step: TimelineStep) -> str:
        cause = cause_phrase(words.meaning, step.cause)
        return _known(words, f"incidents.step.{step.kind}", step.kind, cause=cause, count=len(step.cameras))

    return {
        "step_text": step_text,
        "recipient": lambda recipient: names.get(recipient, recipient),
        "notice_kind": lambda kind: _known(words, f"dossier.notice.{kind}", kind),
        "sending_status": lambda status: _known(words, f"dossier.status.{status}", status),
    }


def number(value: float | None, words: Words) -> str:
    """Return a measure with about three digits, as the language writes it; a dash for None."""
    if value is None:
        return "–"
    size = abs(value)
    digits = 0 if size >= 100 else 1 if size >= 10 else 2
    text = f"{value:.{digits}f}"
    if digits:
        text = text.rstrip("0").rstrip(".")
    text = "0" if text in {"-0", ""} else text
    return text.replace(".", ",") if words.language == "id" else text


def _known(words: Words, key: str, otherwise: str, **values: object) -> str:
    """Return a phrase, or the bare word where there is none, as for one of a newer collector."""
    try:
        return words(key, **values)
    except KeyError:
        return otherwise.replace("_", " ")
