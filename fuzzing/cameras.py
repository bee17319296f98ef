"""Compares the agent with FFmpeg on cameras that are odd in several ways at once: `python -m fuzzing.cameras`.

Both read the same bytes, ten seconds of a stream. What FFmpeg shows for ten seconds must never be reported as
down, and what it cannot show must never be reported as ok. Hypothesis combines the oddities, and reduces a finding
to the fewest that cause it.
"""

import argparse
import asyncio
import sys

from hypothesis import HealthCheck, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from fuzzing.odd_camera import ODDITIES, PICTURES, OddCamera
from fuzzing.peer import pictures_shown
from fuzzing.virtual_agent import watch
from pantau_contract.states import State

SHOWN = 0.9
"""Share of the pictures that FFmpeg must decode for the stream to count as shown all the time."""
MOST_AT_ONCE = 3
"""Most oddities of one camera."""
CAMERAS = 2000
"""Cameras in a long run."""
EXCEPTIONS = (frozenset({("markers", "none"), ("timestamps", "constant")}),)
"""Oddities about which, together, the agent and FFmpeg may disagree.

Without markers and with one timestamp for all, nothing in RTP ends a picture: the agent sees one that never ends.
Unlike FFmpeg, it does not parse the payload of each packet.
"""


def cameras() -> st.SearchStrategy[OddCamera]:
    """Generate cameras with one to three oddities."""
    each = st.sampled_from([(what, how) for what, ways in ODDITIES.items() for how in ways])
    found = st.lists(each, min_size=1, max_size=MOST_AT_ONCE, unique_by=lambda oddity: oddity[0])
    return found.map(lambda oddities: OddCamera(tuple(sorted(oddities))))


def contradiction(camera: OddCamera) -> str | None:
    """Return how the agent contradicts FFmpeg about a camera, or None if it does not."""
    if any(together <= set(camera.oddities) for together in EXCEPTIONS):
        return None
    shown = pictures_shown(camera)
    states = asyncio.run(watch(camera))
    if shown >= SHOWN * PICTURES and State.DOWN in states:
        return f"FFmpeg shows {shown} of {PICTURES} pictures, and the agent reports {', '.join(states)}"
    if shown == 0 and State.OK in states:
        return f"FFmpeg shows nothing, and the agent reports {', '.join(states)}"
    return None


def compare(examples: int, seed: int | None = None) -> None:
    """Compare that many random cameras.

    Raises:
        AssertionError: the agent contradicts FFmpeg about one.
    """

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(cameras())
    def agrees(camera: OddCamera) -> None:
        found = contradiction(camera)
        assert found is None, f"{dict(camera.oddities)}: {found}"

    (agrees if seed is None else seeded(seed)(agrees))()


def main() -> int:
    """Compare, and return the exit code: 1 if there is a contradiction."""
    parser = argparse.ArgumentParser(prog="python -m fuzzing.cameras", description=__doc__)
    parser.add_argument("--cameras", type=int, default=CAMERAS)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    try:
        compare(options.cameras, options.seed)
    except AssertionError as error:
        print(error)
        return 1
    print(f"{options.cameras:,} cameras, no contradiction")
    return 0


if __name__ == "__main__":
    sys.exit(main())
