import random
import zlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import fields

from pantau_contract import wire
from pantau_contract.columns import Columns, TelemetryColumns, to_columns
from pantau_contract.errors import ContractError
from pantau_contract.messages import MAX_SAMPLES, Drop, Sample, Telemetry
from pantau_contract.preset_dictionary import PRESET_DICTIONARY
from pantau_contract.states import STATE_OF, Cause, State
from pantau_contract.topics import parse_topic

TOPIC = parse_topic("pantau/v1/kabil/telemetry")
NOW = 1_790_000_000_123

numbers = st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**6), 10**6).map(float)
samples = st.builds(
    Sample,
    camera=st.from_regex(r"[a-z0-9][a-z0-9_-]{0,9}", fullmatch=True),
    time=st.integers(NOW - 10**9, NOW + 10**6),
    state=st.sampled_from(State),
    since=st.integers(0, NOW),
    cause=st.none() | st.sampled_from(Cause),
    detail=st.text(st.characters(exclude_categories=("C", "Z")), max_size=20),
    codec=st.none() | st.sampled_from(["h264", "h265"]),
    width=st.none() | st.integers(0, 4000),
    fps=numbers,
    jitter_ms=numbers,
    transport=st.none() | st.just("tcp"),
    evidence=st.none() | st.dictionaries(st.sampled_from([*Cause]), st.floats(0, 1), min_size=1),
)


def batch(*of: Sample) -> Telemetry:
    return Telemetry("kabil", "b1", 7, NOW, 5_000, clock_synchronised=True, interval_s=30, samples=of)


def packed(**changes: object) -> bytes:
    """Return a batch of two samples by columns, with changes to its columns."""
    told = msgspec.to_builtins(to_columns(batch(*(Sample(name, NOW, State.OK, NOW) for name in ("gate", "road")))))
    told["columns"] |= changes
    return deflated(msgspec.json.encode(told))


def deflated(payload: bytes, dictionary: bytes = PRESET_DICTIONARY) -> bytes:
    deflater = zlib.compressobj(zdict=dictionary)
    return deflater.compress(payload) + deflater.flush()


@given(st.lists(samples, max_size=6))
def test_a_batch_by_columns_comes_back_as_it_was(of: list[Sample]) -> None:
    assert wire.decode(TOPIC, wire.encode(batch(*of), compress=True)) == batch(*of)
    dropped = msgspec.structs.replace(batch(*of), dropped=9, drop=Drop(7, NOW - 1000, NOW))
    assert wire.decode(TOPIC, wire.encode(dropped, compress=True)) == dropped


def test_columns_are_the_fields_of_a_sample_and_of_its_batch_in_their_order() -> None:
    assert [field.name for field in fields(Columns)] == [field.name for field in fields(Sample)]
    names = [field.name for field in fields(Telemetry)]
    assert [field.name.replace("columns", "samples") for field in fields(TelemetryColumns)] == names


def test_the_dictionary_is_as_it_was_when_the_first_batch_was_written_with_it() -> None:
    assert zlib.adler32(PRESET_DICTIONARY) == 0x97AE5D3C


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (packed(fps=[1.0]), "`columns.fps` has 1 values, and there are 2 cameras"),
        (packed(evidence={"black": [1.0, 0.5, 0.2]}), "`columns.evidence.black` has 3 values"),
        (packed(fps=["fast", 1.0]), r"\$\.columns\.fps"),
        (packed(camera=["gate", "no slug"]), r"\$\.columns\.camera"),
        (packed(camera="gate"), r"\$\.columns\.camera"),
        (packed(state="fine"), r"\$\.columns\.state"),
        (packed(time=[0, 1 << 52]), "`columns.time` leads to a time that is none"),
        (packed(since=1e300), r"\$\.columns\.since"),
        (packed(since=1 << 43), "`columns.since` leads to a time that is none"),
        (packed(camera=["a"] * (MAX_SAMPLES + 1), time=[0] * (MAX_SAMPLES + 1)), "over the limit of 16384"),
        (deflated(b"{}"), "missing required field"),
        (deflated(b"{}", b"another dictionary"), "damaged zlib payload"),
        (zlib.compress(b"{}"), "missing required field"),
        (packed()[:-3], "cut short"),
        (packed()[:20] + b"rubbish" + packed()[27:], "damaged zlib payload"),
        (deflated(b" " * (wire.MAX_INFLATED + 1)), "inflates to more"),
    ],
)
def test_what_breaks_the_contract_is_told(payload: bytes, said: str) -> None:
    with pytest.raises(ContractError, match=said):
        wire.decode(TOPIC, payload)


def test_unknown_columns_are_ignored() -> None:
    assert wire.decode(TOPIC, packed(from_the_future=[1, 2, 3])) == wire.decode(TOPIC, packed())


def test_damage_anywhere_is_an_error_of_the_contract_and_nothing_else() -> None:
    rng = random.Random(5)
    of = [Sample(f"cam{n}", NOW - n, STATE_OF[cause], NOW - n, cause, fps=25.0) for n, cause in enumerate(Cause)]
    whole = wire.encode(batch(*of), compress=True)
    for _ in range(500):
        damaged = bytearray(whole)
        damaged[rng.randrange(1, len(damaged))] ^= 1 << rng.randrange(8)
        with pytest.raises(ContractError):
            wire.decode(TOPIC, bytes(damaged))
