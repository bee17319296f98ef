"""The faults as simcam films them, through a real encoder short of bits and the agent's own decoder."""

from functools import cache
from itertools import cycle, islice

import pytest

from pantau_agent.picture.judge import Judge
from pantau_agent.picture.settings import PictureSettings
from pantau_agent.picture.worker import decode
from pantau_contract.states import Cause
from pantau_simcam.footage.encoder import encode
from pantau_simcam.footage.pictures import pictures
from pantau_simcam.footage.take import Codec, Look, Take
from tests.agent.picture.street import Picture

LOOKS = {
    Look.NOISY: Cause.NOISY,
    Look.BLACK: Cause.BLACK,
    Look.OVEREXPOSED: Cause.OVEREXPOSED,
    Look.DEFOCUSED: Cause.DEFOCUSED,
    Look.COVERED: Cause.COVERED,
    Look.MOVED: Cause.MOVED,
    Look.COLOUR_CAST: Cause.COLOUR_CAST,
    Look.NO_SIGNAL: Cause.NO_SIGNAL,
}
INTERVAL_S = 10


@cache
def keyframes(look: Look, codec: Codec = Codec.H264) -> tuple[Picture, ...]:
    """Return the decoded keyframes of a loop.

    Fewer pictures per second and half the bits give the same stream, encoded sooner.
    """
    take = Take(look=look, codec=codec, fps=2.5, bitrate_kbps=70)
    units = encode(take, pictures(take))
    return tuple(decode(str(codec), unit)[0] for unit, keyframe in units if keyframe)


def trained(codec: Codec) -> Judge:
    judge = Judge(INTERVAL_S, PictureSettings(learning_s=0))
    for k, picture in enumerate(islice(cycle(keyframes(Look.STREET, codec)), 35)):
        assert judge.update(picture, k * INTERVAL_S * 1000).cause is None
    return judge


@pytest.mark.parametrize("look", LOOKS)
def test_what_simcam_films_is_told_and_clears(look: Look) -> None:
    judge = trained(Codec.H264)
    alarms = [
        judge.update(picture, k * INTERVAL_S * 1000).cause
        for k, picture in enumerate(islice(cycle(keyframes(look)), 14), 35)
    ]
    assert next((cause for cause in alarms if cause), None) is LOOKS[look]
    assert alarms[-1] is LOOKS[look]
    after = islice(cycle(keyframes(Look.STREET)), 8)
    assert [judge.update(picture, k * 10_000).cause for k, picture in enumerate(after, 49)][-1] is None


def test_noise_in_h265_is_told_too() -> None:
    judge = trained(Codec.H265)
    seen = islice(cycle(keyframes(Look.NOISY, Codec.H265)), 14)
    assert [judge.update(picture, k * 10_000).cause for k, picture in enumerate(seen, 35)][-1] is Cause.NOISY
