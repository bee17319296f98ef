"""Compares what is in InfluxDB with what the agents captured."""

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from tests.chaos.capture import CapturedSamples, Key
from tests.chaos.city import DATABASE, SIMCAM_SITE, City

_TIME_TOLERANCE_MS = 3000
"""Milliseconds by which a stored sample's time may differ from its true time."""


@dataclass(frozen=True)
class CheckResult:
    """The number of samples, and of those that are wrong.

    `lost` samples were on an agent's disk and are not in InfluxDB, `duplicated` ones are stored at two times,
    `unexpected` ones were never captured, and `misdated` ones are stored at a wrong time though their machine's
    clock was set.
    """

    batches: int
    samples: int
    stored: int
    lost: int
    duplicated: int
    unexpected: int
    misdated: int
    examples: list[str]

    @property
    def passed(self) -> bool:
        return self.samples > 0 and not (self.lost or self.duplicated or self.unexpected or self.misdated)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def count_missing(city: City, captured: CapturedSamples) -> int:
    """Return the number of spooled samples that are not in InfluxDB now."""
    try:
        return len(captured.spooled - set(_stored(city)[0]))
    except (OSError, RuntimeError):
        return len(captured.spooled)


def check_stored(city: City, captured: CapturedSamples, *, stepped: str | None) -> CheckResult:
    """Compare InfluxDB with the captured samples.

    `stepped` is the site whose clock was wrong while the machine reported that it was synchronised.
    """
    stored, misdated = _stored(city, stepped=stepped)
    offered = city.captured().offered
    lost = captured.spooled - stored.keys()
    duplicated = {key for key, count in stored.items() if count > 1}
    # The states of simulated cameras are in the same series, at times between the samples.
    unexpected = {key for key in stored.keys() - offered if key[0] != SIMCAM_SITE}
    examples = [
        f"{fault} {key}"
        for fault, keys in (("lost", lost), ("duplicated", duplicated))
        for key in sorted(keys)[:3]
    ]
    return CheckResult(
        captured.batches,
        len(captured.spooled),
        len(stored.keys() & offered),
        len(lost),
        len(duplicated),
        len(unexpected),
        len(misdated),
        examples + [f"misdated {key} by {by} ms" for key, by in misdated[:3]],
    )


def _stored(city: City, *, stepped: str | None = None) -> tuple[Counter[Key], list[tuple[Key, int]]]:
    """Return how often each sample is stored, and those that are stored at a wrong time."""
    stored: Counter[Key] = Counter()
    misdated: list[tuple[Key, int]] = []
    for row in city.influx.query("SELECT state, width, height FROM camera GROUP BY site, camera", DATABASE):
        if row["site"] == SIMCAM_SITE:
            stored[row["site"], row["camera"], row["time"]] += 1
        elif row["width"] is not None and row["height"] is not None:  # a point may be read before it is complete
            key = row["site"], row["camera"], row["width"]
            stored[key] += 1
            if row["site"] != stepped and abs(row["time"] - row["height"]) > _TIME_TOLERANCE_MS:
                misdated.append((key, row["time"] - row["height"]))
    return stored, misdated
