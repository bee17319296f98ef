"""The judge of one camera's pictures: asks each fault's module, orders what they say, and confirms it."""

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from pantau_agent.picture.before import Before, keep
from pantau_agent.picture.cells import GRID
from pantau_agent.picture.confirm import LIMIT, Confirmation, Rule
from pantau_agent.picture.corrupted import change_of_light
from pantau_agent.picture.findings import find
from pantau_agent.picture.frame import Frame, UnusablePictureError, prepare
from pantau_agent.picture.frozen import Stills
from pantau_agent.picture.measures import measure
from pantau_agent.picture.memory import Memory, lighting_of, mask_of
from pantau_agent.picture.overlay import learn as learn_overlay
from pantau_agent.picture.overlay import overlay_of
from pantau_agent.picture.settings import Settings
from pantau_agent.picture.usual import at_hour
from pantau_agent.picture.verdict import Evidence, Verdict
from pantau_agent.picture.views import accept
from pantau_contract.states import Cause
from pantau_contract.words.evidence import NO_DETAIL, Detail, detail, together

cv2.setNumThreads(1)

RULES: Mapping[Cause, Rule] = {
    Cause.NO_SIGNAL: Rule(2, 4, clear=1, borne_out=1),
    Cause.BLACK: Rule(3, 4, clear=1, borne_out=2),
    Cause.OVEREXPOSED: Rule(4, 20, clear=2),
    Cause.FROZEN: Rule(3, 4, clear=1, borne_out=1),
    Cause.NOISY: Rule(4, 20, clear=2),
    Cause.CORRUPTED: Rule(4, 30, clear=3, doubt=0.3),
    Cause.MOVED: Rule(6, 50, clear=2),
    Cause.COVERED: Rule(6, 50, clear=2),
    Cause.DEFOCUSED: Rule(6, 50, clear=2),
    Cause.COLOUR_CAST: Rule(6, 50, clear=2),
}
"""How each fault is confirmed; also their order: what stands first explains what comes after it."""

WHOLE_PICTURE = frozenset({Cause.NO_SIGNAL, Cause.BLACK, Cause.OVEREXPOSED, Cause.FROZEN, Cause.CORRUPTED})
"""Faults told without knowing the camera: they alarm during learning too."""

LEAST = 12
"""Pictures learned from before any fault of a known camera alarms."""
ENOUGH = 240
"""Pictures that end learning however few hours they took."""


class Judge:
    """Judges one camera's pictures, one every `interval_s` seconds or so. Not for use by two threads.

    `note` is said with each verdict while the camera is being learned, as that its old memory was lost. A
    `passing` judge does not say that it learns, for it is gone before it knows the camera.
    """

    def __init__(
        self,
        interval_s: float = 30.0,
        settings: Settings | None = None,
        memory: Memory | None = None,
        note: Detail = NO_DETAIL,
        *,
        passing: bool = False,
    ) -> None:
        self.memory = memory or Memory()
        self._settings = settings or Settings()
        self._note = note
        self._passing = passing
        self._interval_ms = interval_s * 1000
        self._confirmations = {cause: Confirmation(rule) for cause, rule in RULES.items()}
        self._stills = Stills()
        self._before: Before | None = None
        self._before_ms: int | None = None
        self._reasons: dict[Cause, Detail] = {}

    def update(
        self,
        picture: NDArray[np.uint8] | None,
        time_ms: int,
        *,
        damaged: bool = False,
        still: bool = False,
    ) -> Verdict:
        """The verdict after one more picture (BGR; None where it could not be decoded), taken at `time_ms`, UTC.

        `damaged` is the decoder's own word that it had to conceal errors, `still` the stream's that next to
        nothing comes between keyframes. Never raises for a bad picture: the verdict then keeps the cause that
        stood, and says that it cannot tell.
        """
        if picture is None:
            return Verdict(self._standing(), {}, detail("cannot_tell", why=detail("no_picture")))
        try:
            frame = prepare(picture)
        except UnusablePictureError as error:
            return Verdict(self._standing(), {}, detail("cannot_tell", why=error.detail))
        notes = self._fit(frame)
        measures = measure(frame)
        lighting = lighting_of(measures, self.memory.lighting)
        reference = self.memory.reference_for(lighting, frame.small, measures)
        overlay, masked = overlay_of(self.memory.written), mask_of(self._settings.masked)
        usual = at_hour(reference.usual, self.memory.hour(time_ms), self.memory.hours)
        daylight = self.memory.daylight
        findings = find(
            *(frame, measures, self._before, self._stills, reference, usual, daylight, overlay, masked),
            fixed_view=not self._settings.moves_on_purpose,
        )
        evidence = dict(findings.evidence)
        if damaged:
            # what a decoder makes up is the same each time, or grey, or black: it says nothing of other faults
            evidence = {Cause.CORRUPTED: Evidence(1.0, detail("concealed"))}
        comparison = findings.comparison
        worst = max(self._weighed(cause, said) for cause, said in evidence.items())
        if worst < LIMIT:
            # what is half suspicious is learned from slowly, so that a creeping fault is not taken for the usual
            trust = max(0.05, (1 - worst / LIMIT) ** 2)
            reference.learn(frame.small, measures, comparison.agree, findings.scores, trust)
            if reference.settled:
                self.memory.hour(time_ms).learn(findings.scores, trust)
            self.memory.keep(lighting, reference)
            learn_overlay(self.memory.written, frame)
            self.memory.learned_ms += self._passed(time_ms)
        self._confirm(evidence, time_ms, still=still)
        change = change_of_light(measures, self._before) if self._before else np.zeros(GRID, np.float32)
        self._before = keep(frame, measures, comparison, change, findings.turns)
        self._before_ms = time_ms
        if self.learning and not self._passing:
            notes.append(detail("learning", count=self.memory.pictures))
            notes.append(self._note)
        standing = self._standing()
        reason = together(self._reasons[standing] if standing else NO_DETAIL, *notes)
        return Verdict(standing, {str(cause): round(said.value, 3) for cause, said in evidence.items()}, reason)

    def accept(self, picture: NDArray[np.uint8]) -> None:
        """Takes the picture (BGR) for the right view; what stood against the old one is over.

        Raises:
            UnusablePictureError: the picture cannot be judged.
        """
        self.memory = accept(self.memory, picture)
        self._before = None
        self._forget_views()

    @property
    def learning(self) -> bool:
        """Whether the camera is still too little known for any but the whole-picture faults."""
        pictures = self.memory.pictures
        hours_passed = self.memory.learned_ms >= self._settings.learning_s * 1000
        return pictures < LEAST or (pictures < ENOUGH and not hours_passed)

    def _fit(self, frame: Frame) -> list[Detail]:
        """Makes the memory fit the picture's size; what is to be said of it."""
        if self._before is not None and self.memory.size not in {(0, 0), frame.size}:
            self._stills = Stills()
            self._before = None
        if self.memory.fits(frame.size, frame.small):
            return []
        self.memory = Memory(size=frame.size)
        self._forget_views()
        width, height = frame.size
        return [detail("learning_anew", width=width, height=height)]

    def _forget_views(self) -> None:
        self._confirmations = {
            cause: held if cause in WHOLE_PICTURE else Confirmation(RULES[cause])
            for cause, held in self._confirmations.items()
        }

    def _passed(self, time_ms: int) -> int:
        """Milliseconds of learning since the picture before; neither a jump of the clock nor a gap counts."""
        if self._before_ms is None:
            return 0
        return min(max(0, time_ms - self._before_ms), int(2 * self._interval_ms))

    def _confirm(self, evidence: Mapping[Cause, Evidence], time_ms: int, *, still: bool) -> None:
        explained = False
        for cause, confirmation in self._confirmations.items():
            said = evidence.get(cause)
            if said is None or explained or not self._may_alarm(cause):
                continue
            value = self._weighed(cause, said)
            confirmation.update(value, time_ms, borne_out=still)
            if value >= LIMIT:
                self._reasons[cause] = said.reason
            explained = confirmation.explains(value)

    def _weighed(self, cause: Cause, said: Evidence) -> float:
        return min(1.0, said.value * self._settings.sensitivity.get(cause, 1.0))

    def _may_alarm(self, cause: Cause) -> bool:
        if cause in self._settings.report_only:
            return False
        return cause in WHOLE_PICTURE or not self.learning

    def _standing(self) -> Cause | None:
        return next((cause for cause, held in self._confirmations.items() if held.stands), None)
