"""What is in InfluxDB, beside what was taken."""

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from tests.chaos.city import DATABASE, TRUE_SITE, City
from tests.chaos.tap import Key, Taken

_RIGHT_WITHIN_MS = 3000


@dataclass(frozen=True)
class Verdict:
    """`lost` were on an agent's disk and are not in InfluxDB, `doubled` are there at two times, `strange` were
    never taken, and `misdated` stand at a wrong time though their machine's clock was set right.
    """

    batches: int
    samples: int
    stored: int
    lost: int
    doubled: int
    strange: int
    misdated: int
    examples: list[str]

    @property
    def good(self) -> bool:
        return self.samples > 0 and not (self.lost or self.doubled or self.strange or self.misdated)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def missing(city: City, taken: Taken) -> int:
    """How many of the samples taken are not in InfluxDB now."""
    try:
        return len(taken.kept - set(_stored(city)[0]))
    except (OSError, RuntimeError):
        return len(taken.kept)


def judge(city: City, taken: Taken, *, stepped: str | None) -> Verdict:
    """`stepped` is the site whose clock was set wrong while it was said to be right."""
    stored, misdated = _stored(city, stepped=stepped)
    offered = city.taken().offered
    lost = taken.kept - stored.keys()
    doubled = {key for key, count in stored.items() if count > 1}
    # What a true site's states say stands in the same series, at times between the samples.
    strange = {key for key in stored.keys() - offered if key[0] != TRUE_SITE}
    examples = [
        f"{what} {key}" for what, keys in (("lost", lost), ("doubled", doubled)) for key in sorted(keys)[:3]
    ]
    return Verdict(
        taken.batches,
        len(taken.kept),
        len(stored.keys() & offered),
        len(lost),
        len(doubled),
        len(strange),
        len(misdated),
        examples + [f"misdated {key} by {by} ms" for key, by in misdated[:3]],
    )


def _stored(city: City, *, stepped: str | None = None) -> tuple[Counter[Key], list[tuple[Key, int]]]:
    """How often each sample is there, and those at a wrong time."""
    stored: Counter[Key] = Counter()
    misdated: list[tuple[Key, int]] = []
    for row in city.influx.query("SELECT state, width, height FROM camera GROUP BY site, camera", DATABASE):
        if row["site"] == TRUE_SITE:
            stored[row["site"], row["camera"], row["time"]] += 1
        elif row["width"] is not None and row["height"] is not None:  # a point may be seen before it is whole
            key = row["site"], row["camera"], row["width"]
            stored[key] += 1
            if row["site"] != stepped and abs(row["time"] - row["height"]) > _RIGHT_WITHIN_MS:
                misdated.append((key, row["time"] - row["height"]))
    return stored, misdated
