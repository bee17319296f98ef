import gzip
import zlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantau_contract.batch_identity import identify_batch
from pantau_contract.messages import Telemetry
from pantau_contract.preset_dictionary import PRESET_DICTIONARY
from pantau_contract.wire import encode
from tests.compatibility.recorded import recorded
from tests.contract.test_wire import BATCH


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("seq", [0, 7, 10**15 - 1])
def test_a_batch_is_known_by_its_first_bytes(compress: bool, seq: int) -> None:
    batch = msgspec.structs.replace(BATCH, seq=seq)
    assert identify_batch(encode(batch, compress=compress)) == ("kabil", "b1", seq)
    assert identify_batch(gzip.compress(encode(batch))) == ("kabil", "b1", seq)


def test_a_batch_of_0_1_0_is_known_by_its_first_bytes() -> None:
    telemetry = [message.payload for message in recorded() if message.topic.endswith("/telemetry")]
    assert telemetry
    assert all(identify_batch(payload) for payload in telemetry)


def test_a_batch_that_cannot_be_decoded_is_known_all_the_same() -> None:
    damaged = encode(BATCH)[:60] + b"rubbish"
    assert identify_batch(damaged) == ("kabil", "b1", 7)
    cut = encode(BATCH, compress=True)[:-20]
    assert identify_batch(cut) == ("kabil", "b1", 7)


def test_no_more_than_the_first_kilobyte_is_inflated() -> None:
    bomb = zlib.compressobj(zdict=PRESET_DICTIONARY)
    payload = bomb.compress(b" " * 2_000_000 + encode(BATCH)) + bomb.flush()
    assert identify_batch(payload) is None


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b'{"boot":"b1","site":"kabil","seq":7}',
        b'{"site":"kabil","boot":"b1","seq":-7}',
        b'{"site":"kabil","boot":"b1","seq":7.5}',
        b'{"site":"kabil","boot":"b1","seq":"7"}',
        b'{"site":"Kabil","boot":"b1","seq":7}',
        b'{"site":"kabil","boot":"b\\u0031","seq":7}',
        b'{"site":"kabil","boot":"b1","seq":9999999999999999}',
    ],
)
def test_what_no_agent_writes_has_no_identity(payload: bytes) -> None:
    assert identify_batch(payload) is None


@given(st.binary(max_size=200))
def test_any_bytes_have_an_identity_or_none(payload: bytes) -> None:
    for candidate in (payload, b"\x78" + payload, b"\x1f\x8b" + payload):
        assert identify_batch(candidate) is None


def test_the_fields_are_written_in_the_order_that_is_looked_for() -> None:
    assert Telemetry.__struct_fields__[:3] == ("site", "boot", "seq")
