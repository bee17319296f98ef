"""A memory that survives a restart, and one that is damaged."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pantau_agent.picture.judge import Judge
from pantau_agent.picture.memory_files import memory_path
from pantau_agent.picture.memory_format import DamagedMemoryError, decode_memory, encode_memory
from pantau_agent.picture.settings import PictureSettings
from pantau_contract.states import Cause
from tests.agent.picture.kept_judges import KeptJudges, saved
from tests.agent.picture.street import Street, judged, trained_judge
from tests.agent.picture.test_view import infrared, shifted


def test_a_restarted_agent_knows_its_camera() -> None:
    street = Street()
    saved = encode_memory(trained_judge(street).memory)
    judge = Judge(10, PictureSettings(learning_s=0), decode_memory(saved))
    alarms = [judged(judge, shifted(street, k), k).cause for k in range(20, 30)]
    assert alarms[-1] is Cause.MOVED
    assert encode_memory(decode_memory(saved)) == saved


def test_all_three_lightings_of_a_noisy_camera_fit_in_forty_kilobytes() -> None:
    street = Street()
    judge = trained_judge(street)
    for k in range(20, 40):
        judged(judge, infrared(street, k), k)
    for k in range(40, 60):
        judged(judge, street.finish(street.scene(k) * 0.2, k, noise=9), k)
    assert len(judge.memory.references) == 3
    assert len(encode_memory(judge.memory)) <= 40_000


MEMORY_BYTES = encode_memory(trained_judge(Street(), pictures=14).memory)


@settings(max_examples=60)
@given(at=st.integers(0, len(MEMORY_BYTES) - 1), bit=st.integers(0, 7))
def test_any_altered_bit_is_noticed(at: int, bit: int) -> None:
    damaged = bytearray(MEMORY_BYTES)
    damaged[at] ^= 1 << bit
    with pytest.raises(DamagedMemoryError):
        decode_memory(bytes(damaged))


@settings(max_examples=60)
@given(st.binary(max_size=200) | st.integers(0, len(MEMORY_BYTES) - 1).map(lambda end: MEMORY_BYTES[:end]))
def test_bytes_that_are_no_memory_are_told(data: bytes) -> None:
    with pytest.raises(DamagedMemoryError):
        decode_memory(data)


def test_a_damaged_file_is_learned_anew_and_said(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    file = memory_path(folder, "gate")
    file.write_bytes(MEMORY_BYTES[:-100])
    judges = KeptJudges(folder)
    assert "its memory was lost" in judges.judged(Street().picture(0), 0).reason
    judges.save()
    assert saved(folder).pictures == 1
    file.write_bytes(bytes(100_000))
    assert "its memory was lost" in KeptJudges(folder).judged(Street().picture(0), 0).reason
