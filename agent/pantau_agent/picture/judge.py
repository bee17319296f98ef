"""The judge of one camera's pictures: asks each fault's module, orders what they say, and confirms it."""

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from pantau_agent.picture.cells import GRID
from pantau_agent.picture.confirmation import THRESHOLD, Confirmation, ConfirmationRule
from pantau_agent.picture.corrupted import brightness_change
from pantau_agent.picture.findings import find_faults
from pantau_agent.picture.frame import Frame, UnusablePictureError, prepare
from pantau_agent.picture.frozen import RecentFingerprints
from pantau_agent.picture.measures import measure
from pantau_agent.picture.memory import PictureMemory, accept_view, lighting_of, region_mask
from pantau_agent.picture.overlay import overlay_mask, update_frequency
from pantau_agent.picture.previous_picture import PreviousPicture, summarise
from pantau_agent.picture.score_baseline import hourly_baseline
from pantau_agent.picture.settings import PictureSettings
from pantau_agent.picture.verdict import FaultEvidence, Verdict
from pantau_contract.states import Cause
from pantau_contract.words.evidence import NO_DETAIL, Detail, detail, together

cv2.setNumThreads(1)

RULES: Mapping[Cause, ConfirmationRule] = {
    Cause.NO_SIGNAL: ConfirmationRule(2, 4, clear_after=1, corroborated_keyframes=1),
    Cause.BLACK: ConfirmationRule(3, 4, clear_after=1, corroborated_keyframes=2),
    Cause.OVEREXPOSED: ConfirmationRule(4, 20, clear_after=2),
    Cause.FROZEN: ConfirmationRule(3, 4, clear_after=1, corroborated_keyframes=1),
    Cause.NOISY: ConfirmationRule(4, 20, clear_after=2),
    Cause.CORRUPTED: ConfirmationRule(4, 30, clear_after=3, doubt_from=0.3),
    Cause.MOVED: ConfirmationRule(6, 50, clear_after=2),
    Cause.COVERED: ConfirmationRule(6, 50, clear_after=2),
    Cause.DEFOCUSED: ConfirmationRule(6, 50, clear_after=2),
    Cause.COLOUR_CAST: ConfirmationRule(6, 50, clear_after=2),
}
"""How each fault is confirmed; also their order: what stands first explains what comes after it."""

WHOLE_PICTURE = frozenset({Cause.NO_SIGNAL, Cause.BLACK, Cause.OVEREXPOSED, Cause.FROZEN, Cause.CORRUPTED})
"""Faults told without knowing the camera: they alarm during learning too."""

MIN_PICTURES = 12
"""Pictures learned from before any fault of a known camera alarms."""
ENOUGH_PICTURES = 240
"""Pictures that end learning however few hours they took."""


class Judge:
    """Judges one camera's pictures, one every `interval_s` seconds or so. Not for use by two threads.

    `note` is said with each verdict while the camera is being learned, as that its old memory was lost. A
    `passing` judge does not say that it learns, for it is gone before it knows the camera.
    """

    def __init__(
        self,
        interval_s: float = 30.0,
        settings: PictureSettings | None = None,
        memory: PictureMemory | None = None,
        note: Detail = NO_DETAIL,
        *,
        short_lived: bool = False,
    ) -> None:
        self.memory = memory or PictureMemory()
        self._settings = settings or PictureSettings()
        self._note = note
        self._short_lived = short_lived
        self._interval_ms = interval_s * 1000
        self._confirmations = {cause: Confirmation(rule) for cause, rule in RULES.items()}
        self._fingerprints = RecentFingerprints()
        self._previous: PreviousPicture | None = None
        self._previous_ms: int | None = None
        self._reasons: dict[Cause, Detail] = {}

    def update(
        self,
        picture: NDArray[np.uint8] | None,
        time_ms: int,
        *,
        damaged: bool = False,
        static_stream: bool = False,
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
        notes = self._adapt_to(frame)
        measures = measure(frame)
        lighting = lighting_of(measures, self.memory.lighting)
        reference = self.memory.reference_for(lighting, frame.thumbnail, measures)
        overlay, masked = overlay_mask(self.memory.overlay_frequency), region_mask(self._settings.masked)
        baseline = hourly_baseline(reference.baseline, self.memory.hour(time_ms), self.memory.hours)
        daylight = self.memory.daylight
        findings = find_faults(
            *(frame, measures, self._previous, self._fingerprints, reference, baseline, daylight, overlay, masked),
            fixed_view=not self._settings.moves_on_purpose,
        )
        evidence = dict(findings.evidence)
        if damaged:
            # what a decoder makes up is the same each time, or grey, or black: it says nothing of other faults
            evidence = {Cause.CORRUPTED: FaultEvidence(1.0, detail("concealed"))}
        comparison = findings.comparison
        worst = max(self._weighed(cause, said) for cause, said in evidence.items())
        if worst < THRESHOLD:
            # what is half suspicious is learned from slowly, so that a creeping fault is not taken for the usual
            trust = max(0.05, (1 - worst / THRESHOLD) ** 2)
            reference.learn(frame.thumbnail, measures, comparison.agreement, findings.scores, trust)
            if reference.settled:
                self.memory.hour(time_ms).learn(findings.scores, trust)
            self.memory.set_reference(lighting, reference)
            update_frequency(self.memory.overlay_frequency, frame)
            self.memory.learned_ms += self._passed(time_ms)
        self._confirm(evidence, time_ms, static_stream=static_stream)
        change = brightness_change(measures, self._previous) if self._previous else np.zeros(GRID, np.float32)
        self._previous = summarise(frame, measures, comparison, change, findings.toggles)
        self._previous_ms = time_ms
        if self.learning and not self._short_lived:
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
        self.memory = accept_view(self.memory, picture)
        self._previous = None
        self._reset_view_faults()

    @property
    def learning(self) -> bool:
        """Whether the camera is still too little known for any but the whole-picture faults."""
        pictures = self.memory.pictures
        hours_passed = self.memory.learned_ms >= self._settings.learning_s * 1000
        return pictures < MIN_PICTURES or (pictures < ENOUGH_PICTURES and not hours_passed)

    def _adapt_to(self, frame: Frame) -> list[Detail]:
        """Makes the memory fit the picture's size; what is to be said of it."""
        if self._previous is not None and self.memory.size not in {(0, 0), frame.size}:
            self._fingerprints = RecentFingerprints()
            self._previous = None
        if self.memory.adapt_to_size(frame.size, frame.thumbnail):
            return []
        self.memory = PictureMemory(size=frame.size)
        self._reset_view_faults()
        width, height = frame.size
        return [detail("learning_anew", width=width, height=height)]

    def _reset_view_faults(self) -> None:
        self._confirmations = {
            cause: held if cause in WHOLE_PICTURE else Confirmation(RULES[cause])
            for cause, held in self._confirmations.items()
        }

    def _passed(self, time_ms: int) -> int:
        """Milliseconds of learning since the picture before; neither a jump of the clock nor a gap counts."""
        if self._previous_ms is None:
            return 0
        return min(max(0, time_ms - self._previous_ms), int(2 * self._interval_ms))

    def _confirm(self, evidence: Mapping[Cause, FaultEvidence], time_ms: int, *, static_stream: bool) -> None:
        explained = False
        for cause, confirmation in self._confirmations.items():
            said = evidence.get(cause)
            if said is None or explained or not self._may_alarm(cause):
                continue
            value = self._weighed(cause, said)
            confirmation.update(value, time_ms, corroborated=static_stream)
            if value >= THRESHOLD:
                self._reasons[cause] = said.reason
            explained = confirmation.explains(value)

    def _weighed(self, cause: Cause, said: FaultEvidence) -> float:
        return min(1.0, said.value * self._settings.sensitivity.get(cause, 1.0))

    def _may_alarm(self, cause: Cause) -> bool:
        if cause in self._settings.report_only:
            return False
        return cause in WHOLE_PICTURE or not self.learning

    def _standing(self) -> Cause | None:
        return next((cause for cause, held in self._confirmations.items() if held.confirmed), None)
