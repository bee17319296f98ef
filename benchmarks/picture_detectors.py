"""The detectors compared: ours, and two that represent common practice. Each returns the alarms that are up."""

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from pantau_agent.picture.confirmation import Confirmation
from pantau_agent.picture.judge import RULES, Judge
from pantau_agent.picture.memory import PictureMemory
from pantau_agent.picture.settings import PictureSettings
from pantau_contract.states import Cause

Picture = NDArray[np.uint8]
GONE = 2
"""Keyframes that must be missing before a stream is offline; in an agent that is the stream's own state."""


class Detector(Protocol):
    """One camera's detector, created for each sequence."""

    def __init__(self, interval_s: float) -> None: ...

    def update(self, picture: Picture | None, time_s: float) -> frozenset[str]:
        """Return the alarms that are up after one more keyframe."""
        ...


class Ours:
    """The agent's judge, learning for twelve keyframes instead of two hours."""

    def __init__(self, interval_s: float) -> None:
        self._judge = Judge(interval_s, PictureSettings(learning_s=0))
        self._missing = 0
        self.evidence: list[Mapping[str, float]] = []

    @property
    def memory(self) -> PictureMemory:
        """The judge's memory."""
        return self._judge.memory

    def update(self, picture: Picture | None, time_s: float) -> frozenset[str]:
        """Return the judge's cause, or that the stream is offline."""
        verdict = self._judge.update(picture, int(time_s * 1000))
        self.evidence.append(verdict.evidence if not self._judge.learning else {})
        if picture is None:
            self._missing += 1
            return frozenset({"offline"}) if self._missing >= GONE else frozenset()
        self._missing = 0
        return frozenset({str(verdict.cause)}) if verdict.cause else frozenset()


def replay(evidence: list[Mapping[str, float]], interval_s: float, sensitivity: float) -> list[frozenset[str]]:
    """Return the alarms that the same evidence raises at another sensitivity, for ROC and leave-one-out."""
    confirmations = {cause: Confirmation(rule) for cause, rule in RULES.items()}
    alarms = []
    missing = 0
    for k, values in enumerate(evidence):
        missing = missing + 1 if not values and k > 20 else 0
        explained = False
        for cause, confirmation in confirmations.items():
            if str(cause) not in values or explained:
                continue
            value = min(1.0, values[cause] * sensitivity)
            confirmation.update(value, int(k * interval_s * 1000))
            explained = confirmation.explains(value)
        up: Cause | None = next(
            (cause for cause, confirmation in confirmations.items() if confirmation.confirmed), None
        )
        alarms.append(frozenset({"offline"} if missing >= GONE else {str(up)} if up else ()))
    return alarms


class Constants:
    """The constants that people copy from FFmpeg's blackdetect and freezedetect and from OpenCV recipes.

    Black below 10 % of the range in 98 % of the picture, frozen below 0.1 % of mean difference, blurred below a
    Laplacian variance of 100, covered below half the first picture's Canny edges, moved by 5 % of the width by
    ORB.
    """

    KEYFRAMES = 2

    def __init__(self, interval_s: float) -> None:  # noqa: ARG002 # constants do not depend on time
        self._previous: NDArray[np.int16] | None = None
        self._edges = 0
        self._first: tuple[Sequence[cv2.KeyPoint], cv2.typing.MatLike | None] | None = None
        self._run: Counter[str] = Counter()

    def update(self, picture: Picture | None, time_s: float) -> frozenset[str]:  # noqa: ARG002 # as above
        """Return what was detected on KEYFRAMES keyframes in a row."""
        detected = {"offline"} if picture is None else self.detect(picture)
        self._run = Counter({name: self._run[name] + 1 for name in detected})
        return frozenset(name for name, count in self._run.items() if count >= self.KEYFRAMES)

    def detect(self, picture: Picture) -> set[str]:
        """Return what is detected in this one picture."""
        grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
        wide = picture.astype(np.int16)
        detected = set()
        if np.mean(grey <= 25.5) >= 0.98:
            detected.add("black")
        if np.mean(grey >= 250) > 0.7 or grey.mean() > 235:
            detected.add("overexposed")
        if self._previous is not None and np.abs(wide - self._previous).mean() < 0.001 * 255:
            detected.add("frozen")
        self._previous = wide
        if not detected & {"black", "overexposed"} and one_colour(picture) > 0.75:
            detected.add("no_signal")
        if np.mean(np.abs(wide - 128).max(axis=2) <= 6) > 0.3:
            detected.add("corrupted")
        if cv2.Laplacian(grey, cv2.CV_64F).var() < 100:
            detected.add("defocused")
        detected |= self._against_the_first(grey)
        lab = cv2.cvtColor(picture, cv2.COLOR_BGR2LAB).astype(np.float32)[..., 1:] - 128
        off = float(np.hypot(*lab.mean(axis=(0, 1))))
        if off > 10 and off > 1.5 * float(np.abs(lab - lab.mean(axis=(0, 1))).mean(axis=(0, 1)).sum()):
            detected.add("colour_cast")
        if noise(grey) > 15:
            detected.add("noisy")
        return detected

    def _against_the_first(self, grey: Picture) -> set[str]:
        edges = cv2.countNonZero(cv2.Canny(grey, 100, 200))
        points, marks = cv2.ORB.create(500).detectAndCompute(grey, None)
        if self._first is None:
            self._first, self._edges = (points, marks), edges
            return set()
        detected = {"covered"} if edges < 0.5 * self._edges else set()
        old_points, old_marks = self._first
        if marks is None or old_marks is None or min(len(marks), len(old_marks)) < 12:
            return detected
        matches = sorted(cv2.BFMatcher(cv2.NORM_HAMMING, True).match(old_marks, marks), key=lambda m: m.distance)
        if len(matches) >= 8:
            best = matches[: max(8, len(matches) // 2)]
            steps = np.array([np.subtract(points[m.trainIdx].pt, old_points[m.queryIdx].pt) for m in best])
            middle = np.median(steps, axis=0)
            together = int((np.hypot(*(steps - middle).T) < 0.02 * grey.shape[1]).sum())
            if np.hypot(*middle) > 0.05 * grey.shape[1] or together < max(4, 0.15 * len(steps)):
                detected.add("moved")
        return detected


class OwnStart(Constants):
    """The same measures relative to the camera's own first eight keyframes; three in a row."""

    KEYFRAMES = 3
    LEARNED = 8

    def __init__(self, interval_s: float) -> None:
        super().__init__(interval_s)
        self._seen: list[tuple[Picture, dict[str, float], float]] = []
        self._last: deque[NDArray[np.int16]] = deque(maxlen=1)

    def detect(self, picture: Picture) -> set[str]:
        """Return what is detected in this one picture."""
        grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
        wide = picture.astype(np.int16)
        change = float(np.abs(wide - self._last[0]).mean()) if self._last else np.inf
        self._last.append(wide)
        now = self._measures(picture, grey)
        if len(self._seen) < self.LEARNED:
            self._seen.append((grey, now, change))
            return set()
        baseline = {name: float(np.median([seen[1][name] for seen in self._seen])) for name in now}
        detected = self._against(picture, wide, now, baseline)
        if change < 0.12 * float(np.median([seen[2] for seen in self._seen])):
            detected.add("frozen")
        return detected | self._geometry(grey, blurred="defocused" in detected)

    def _against(
        self, picture: Picture, wide: NDArray[np.int16], now: dict[str, float], baseline: dict[str, float]
    ) -> set[str]:
        dark = now["mean"] < 3 or (now["mean"] < 8 and now["spread"] < 6 and baseline["mean"] > 12)
        signs = {
            "black": dark,
            "overexposed": now["white"] > 0.7,
            "no_signal": not dark and now["white"] <= 0.7 and one_colour(picture) > 0.6,
            "corrupted": float(np.mean(np.abs(wide - 128).max(axis=2) <= 4)) > 0.25,
            "defocused": now["detail"] < baseline["detail"] - 1.2 and now["spread"] > 0.6 * baseline["spread"],
            "colour_cast": np.hypot(now["a"] - baseline["a"], now["b"] - baseline["b"]) > 18,
            "noisy": now["noise"] > max(8.0, 2.5 * baseline["noise"]),
        }
        return {name for name, sign in signs.items() if sign}

    def _geometry(self, grey: Picture, *, blurred: bool) -> set[str]:
        baseline = np.median([seen[0] for seen in self._seen], axis=0).astype(np.uint8)
        steady = np.mean([cv2.Canny(seen[0], 60, 120) > 0 for seen in self._seen], axis=0) > 0.5
        near = cv2.dilate(cv2.Canny(grey, 60, 120), np.ones((5, 5), np.uint8)) > 0
        kept = float(near[steady].mean()) if steady.sum() > 50 else 1.0
        (dx, dy), peak = shift(baseline, grey)
        own = float(np.median([shift(baseline, seen[0])[1] for seen in self._seen]))
        if peak > 0.4 * own and np.hypot(dx, dy) > 0.04 * 256:
            return {"moved"}
        return {"covered"} if kept < 0.45 and not blurred else set()

    @staticmethod
    def _measures(picture: Picture, grey: Picture) -> dict[str, float]:
        lab = cv2.cvtColor(picture, cv2.COLOR_BGR2LAB)
        return {
            "detail": float(np.log(cv2.Laplacian(grey, cv2.CV_64F).var() + 1)),
            "mean": float(grey.mean()),
            "spread": float(grey.std()),
            "white": float(np.mean(grey >= 250)),
            "noise": noise(grey),
            "a": float(lab[..., 1].mean()),
            "b": float(lab[..., 2].mean()),
        }


def one_colour(picture: Picture) -> float:
    """Return the share of the most common colour, at sixteen levels a channel."""
    levels = (picture // 16).astype(np.int32) @ np.array([256, 16, 1])
    return float(np.bincount(levels.ravel()).max() / levels.size)


def noise(grey: Picture) -> float:
    """Return the noise in grey levels (J. Immerkaer, 1996)."""
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    return float(np.abs(cv2.filter2D(grey.astype(np.float32), -1, kernel)).mean() * np.sqrt(np.pi / 2) / 6)


def shift(first: Picture, other: Picture) -> tuple[tuple[float, float], float]:
    """Return the shift in pixels of 256, and its peak, by phase correlation of gradients."""

    def edges(grey: Picture) -> NDArray[np.float32]:
        small = cv2.resize(grey, (256, 144)).astype(np.float32)
        return np.asarray(cv2.magnitude(cv2.Sobel(small, cv2.CV_32F, 1, 0), cv2.Sobel(small, cv2.CV_32F, 0, 1)))

    (dx, dy), peak = cv2.phaseCorrelate(
        edges(first), edges(other), cv2.createHanningWindow((256, 144), cv2.CV_32F)
    )
    return (dx, dy), peak
