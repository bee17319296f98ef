"""Judges one camera's pictures: asks each fault's module, ranks their evidence, and confirms faults."""

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
from pantau_agent.picture.private_regions import hidden_cells
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
"""How each fault is confirmed, in order of precedence: a fault explains those after it."""

WHOLE_PICTURE = frozenset({Cause.NO_SIGNAL, Cause.BLACK, Cause.OVEREXPOSED, Cause.FROZEN, Cause.CORRUPTED})
"""Faults that can be recognised without knowing the camera. They alarm during learning too."""

MIN_PICTURES = 12
"""Pictures to learn from before any fault that needs a known camera can alarm."""
ENOUGH_PICTURES = 240
"""Pictures that end learning, however few hours they took."""


class Judge:
    """Judges one camera's pictures, about one every `interval_s` seconds. Not thread-safe.

    `note` is added to each verdict while the camera is being learned, for example that its memory was lost. A
    `short_lived` judge does not report that it is learning, because it is gone before it knows the camera.
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
        self._left_out = region_mask(self._settings.masked) | hidden_cells(self._settings.private)
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
        """Judge one more picture, taken at `time_ms` (UTC): BGR, or None if it could not be decoded.

        Its private regions are black already (see `private_regions.hide`).

        `damaged` says that the decoder had to conceal errors, `static_stream` that next to nothing comes between
        keyframes. Never raises for a bad picture: the verdict then keeps the confirmed cause, and says that it
        cannot judge the picture.
        """
        if picture is None:
            return Verdict(self._confirmed_cause(), {}, detail("cannot_tell", why=detail("no_picture")))
        try:
            frame = prepare(picture, self._settings.private)
        except UnusablePictureError as error:
            return Verdict(self._confirmed_cause(), {}, detail("cannot_tell", why=error.detail))
        notes = self._adapt_to(frame)
        measures = measure(frame)
        lighting = lighting_of(measures, self.memory.lighting)
        reference = self.memory.reference_for(lighting, frame.thumbnail, measures)
        overlay, masked = overlay_mask(self.memory.overlay_frequency), self._left_out
        baseline = hourly_baseline(reference.baseline, self.memory.hour(time_ms), self.memory.hours)
        daylight = self.memory.daylight
        findings = find_faults(
            *(frame, measures, self._previous, self._fingerprints, reference, baseline, daylight, overlay, masked),
            fixed_view=not self._settings.moves_on_purpose,
        )
        evidence = dict(findings.evidence)
        if damaged:
            # concealment is the same each time, or grey, or black: it says nothing about other faults
            evidence = {Cause.CORRUPTED: FaultEvidence(1.0, detail("concealed"))}
        comparison = findings.comparison
        worst = max(self._weighted(cause, found) for cause, found in evidence.items())
        if worst < THRESHOLD:
            # suspicious pictures are learned from slowly, so that a creeping fault does not become the baseline
            trust = max(0.05, (1 - worst / THRESHOLD) ** 2)
            reference.learn(frame.thumbnail, measures, comparison.agreement, findings.scores, trust)
            if reference.settled:
                self.memory.hour(time_ms).learn(findings.scores, trust)
            self.memory.set_reference(lighting, reference)
            update_frequency(self.memory.overlay_frequency, frame)
            self.memory.learned_ms += self._learning_time_ms(time_ms)
        self._confirm(evidence, time_ms, static_stream=static_stream)
        change = brightness_change(measures, self._previous) if self._previous else np.zeros(GRID, np.float32)
        self._previous = summarise(frame, measures, comparison, change, findings.toggles)
        self._previous_ms = time_ms
        if self.learning and not self._short_lived:
            notes.append(detail("learning", count=self.memory.pictures))
            notes.append(self._note)
        confirmed = self._confirmed_cause()
        reason = together(self._reasons[confirmed] if confirmed else NO_DETAIL, *notes)
        return Verdict(confirmed, {str(cause): round(found.value, 3) for cause, found in evidence.items()}, reason)

    def accept(self, picture: NDArray[np.uint8]) -> None:
        """Take the picture (BGR) as the right view, and drop the faults confirmed against the old one.

        Raises:
            UnusablePictureError: the picture cannot be judged.
        """
        self.memory = accept_view(self.memory, picture)
        self._previous = None
        self._reset_view_faults()

    @property
    def learning(self) -> bool:
        """True while the camera is too little known for any but the whole-picture faults."""
        pictures = self.memory.pictures
        hours_passed = self.memory.learned_ms >= self._settings.learning_s * 1000
        return pictures < MIN_PICTURES or (pictures < ENOUGH_PICTURES and not hours_passed)

    def _adapt_to(self, frame: Frame) -> list[Detail]:
        """Adapt the memory to the picture's size, or start it again; return notes for the verdict."""
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
            cause: confirmation if cause in WHOLE_PICTURE else Confirmation(RULES[cause])
            for cause, confirmation in self._confirmations.items()
        }

    def _learning_time_ms(self, time_ms: int) -> int:
        """Return the milliseconds of learning since the previous picture; clock steps and gaps do not count."""
        if self._previous_ms is None:
            return 0
        return min(max(0, time_ms - self._previous_ms), int(2 * self._interval_ms))

    def _confirm(self, evidence: Mapping[Cause, FaultEvidence], time_ms: int, *, static_stream: bool) -> None:
        explained = False
        for cause, confirmation in self._confirmations.items():
            found = evidence.get(cause)
            if found is None or explained or not self._may_alarm(cause):
                continue
            value = self._weighted(cause, found)
            confirmation.update(value, time_ms, corroborated=static_stream)
            if value >= THRESHOLD:
                self._reasons[cause] = found.reason
            explained = confirmation.explains(value)

    def _weighted(self, cause: Cause, evidence: FaultEvidence) -> float:
        return min(1.0, evidence.value * self._settings.sensitivity.get(cause, 1.0))

    def _may_alarm(self, cause: Cause) -> bool:
        if cause in self._settings.report_only:
            return False
        return cause in WHOLE_PICTURE or not self.learning

    def _confirmed_cause(self) -> Cause | None:
        return next((cause for cause, confirmation in self._confirmations.items() if confirmation.confirmed), None)
