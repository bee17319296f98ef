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

from fuzzing.odd_camera import KINDS, PICTURES, OddCamera, oddities_of
from fuzzing.peer import pictures_shown
from fuzzing.virtual_agent import watch
from pantau_contract.states import State

SHOWN = 0.9
"""Share of the pictures that FFmpeg must decode for the stream to count as shown all the time."""
MOST_AT_ONCE = 3
"""Most oddities of one camera."""
CAMERAS = 2000
"""Cameras in a long run."""
EXCEPTIONS: dict[tuple[str, frozenset[tuple[str, str]]], str] = {
    (
        "mjpeg",
        frozenset({("markers", "none")}),
    ): "FFmpeg ends a JPEG by the marker alone; the agent by the next one",
    ("", frozenset({("redirect", "301"), ("login", "")})): "FFmpeg forgets the login when it follows a redirect",
    ("", frozenset({("redirect", "302"), ("login", "")})): "FFmpeg forgets the login when it follows a redirect",
    ("", frozenset({("between packets", "line breaks"), ("start", "packets before the answer")})): (
        "FFmpeg takes a blank line for the end of the answer that it waits for"
    ),
    ("mjpeg", frozenset({("content", "pictures cut short")})): "FFmpeg shows grey in place of what is missing",
}
"""What the agent and FFmpeg may disagree about, and why: a codec, or any, and oddities that come together.

An oddity without a way stands for all of them.
"""


@st.composite
def cameras(draw: st.DrawFn) -> OddCamera:
    """Generate cameras of all kinds with one to three oddities."""
    codec, carriage = draw(st.sampled_from(KINDS))
    each = st.sampled_from([(what, how) for what, ways in oddities_of(codec, carriage).items() for how in ways])
    found = draw(st.lists(each, min_size=1, max_size=MOST_AT_ONCE, unique_by=lambda oddity: oddity[0]))
    return OddCamera(tuple(sorted(found)), codec, carriage)


def is_exception(camera: OddCamera) -> bool:
    """Return whether the agent and FFmpeg may disagree about a camera."""
    return any(
        codec in {"", camera.codec}
        and all(camera.how(what) == how if how else camera.how(what) for what, how in together)
        for codec, together in EXCEPTIONS
    )


def contradiction(camera: OddCamera) -> str | None:
    """Return how the agent contradicts FFmpeg about a camera, or None if it does not."""
    if is_exception(camera):
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
        assert found is None, f"{camera.codec} over {camera.carriage}, {dict(camera.oddities)}: {found}"

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
