import gzip
import zlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantau_contract import topics, wire
from pantau_contract.errors import ContractError
from pantau_contract.messages import (
    MAX_RANGES,
    BatchRange,
    Birth,
    CameraState,
    Death,
    Message,
    Receipt,
    Reply,
    Sample,
    Telemetry,
)
from pantau_contract.preset_dictionary import PRESET_DICTIONARY
from pantau_contract.states import STAND_INS, STATE_OF, Cause, State, current_name
from pantau_contract.topics import Topic, parse_topic
from pantau_contract.words import words

TELEMETRY = parse_topic("pantau/v1/kabil/telemetry")
AGENT = parse_topic("pantau/v1/kabil/agent")

BATCH = Telemetry(
    site="kabil",
    boot="b1",
    seq=7,
    time=1_790_000_000_000,
    monotonic_ms=5_000,
    clock_synchronised=True,
    interval_s=30,
    samples=(
        Sample(camera="gate", time=1_790_000_000_000, state=State.OK, since=1_789_999_000_000, fps=14.9),
        Sample(
            camera="road", time=1_790_000_000_000, state=State.DOWN, since=1_789_999_000_000, cause=Cause.REFUSED
        ),
    ),
)


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize(
    ("topic", "message"),
    [
        (TELEMETRY, BATCH),
        (AGENT, Birth(site="kabil", boot="b1", session=3, time=1, version="0.1.0", interval_s=30)),
        (AGENT, Death(site="kabil", boot="b1", session=3)),
        (
            parse_topic("pantau/v1/kabil/camera/gate/state"),
            CameraState(site="kabil", camera="gate", boot="b1", seq=1, time=2, state=State.OK, since=1),
        ),
        (
            parse_topic("pantau/v1/kabil/ack"),
            Receipt(site="kabil", batches=(BatchRange("b1", 0, 6), BatchRange("b1", 8, 8))),
        ),
    ],
)
def test_a_message_comes_back_as_it_was(topic: Topic, message: Message, compress: bool) -> None:
    assert wire.decode(topic, wire.encode(message, compress=compress)) == message


def test_an_unknown_field_is_ignored() -> None:
    payload = msgspec.json.encode(msgspec.to_builtins(BATCH) | {"from_the_future": [1, 2]})
    assert wire.decode(TELEMETRY, payload) == BATCH


def altered(**changes: object) -> bytes:
    return msgspec.json.encode(msgspec.to_builtins(BATCH) | changes)


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (b"", "truncated"),
        (b"not json", "malformed"),
        (b"\xff\xfe", "malformed"),
        (b'{"x":' + b"[" * 100_000, "nested too deeply"),
        (altered(seq=None), r"\$\.seq"),
        (altered(seq=-1), r"\$\.seq"),
        (altered(time=-5), r"\$\.time"),
        (altered(interval_s=0), r"\$\.interval_s"),
        (altered(samples=[{"camera": "gate"}]), r"\$\.samples\[0\]"),
        (altered(samples=[{"camera": "../x", "time": 1, "state": "ok", "since": 1}]), r"\$\.samples\[0\]\.camera"),
        (altered(samples=[{"camera": "x\n", "time": 1, "state": "ok", "since": 1}]), r"\$\.samples\[0\]\.camera"),
        (altered(samples=[{"camera": "x", "time": 1, "state": "fine", "since": 1}]), r"\$\.samples\[0\]\.state"),
        (altered(site="elsewhere"), "is not the topic's, 'kabil'"),
        (gzip.compress(altered())[:-9], "cut short"),
        (b"\x1f\x8b" + b"rubbish" * 9, "gzip"),
        (gzip.compress(b" " * (wire.MAX_INFLATED + 1)), "inflates to more"),
        (b"x" * (wire.MAX_PAYLOAD + 1), "over the limit"),
    ],
)
def test_what_breaks_the_contract_is_told(payload: bytes, said: str) -> None:
    with pytest.raises(ContractError, match=said):
        wire.decode(TELEMETRY, payload)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_message_or_a_contract_error(payload: bytes) -> None:
    for candidate in (payload, b"\x1f\x8b" + payload, zlib.compress(payload), gzip.compress(payload)):
        with pytest.raises(ContractError):
            wire.decode(TELEMETRY, candidate)


def test_an_agent_cannot_speak_for_another_camera() -> None:
    state = CameraState(site="kabil", camera="gate", boot="b1", seq=1, time=2, state=State.OK, since=1)
    with pytest.raises(ContractError, match="camera"):
        wire.decode(parse_topic("pantau/v1/kabil/camera/road/state"), wire.encode(state))


@pytest.mark.parametrize(
    ("batches", "said"),
    [
        ([{"boot": "b1", "first": 3, "last": 2}], "ends at 2, before it begins at 3"),
        ([{"boot": "b1", "first": -1, "last": 2}], r"\$\.batches\[0\]\.first"),
        ([{"boot": "b1", "first": 0, "last": 1 << 53}], r"\$\.batches\[0\]\.last"),
        ([{"boot": "b1", "first": 0}], "last"),
        ([{"boot": "b1", "first": 0, "last": 0}] * (MAX_RANGES + 1), "length <= 64"),
        ("all", r"\$\.batches"),
    ],
)
def test_what_is_no_receipt_is_told(batches: object, said: str) -> None:
    with pytest.raises(ContractError, match=said):
        wire.decode(parse_topic("pantau/v1/kabil/ack"), msgspec.json.encode({"site": "kabil", "batches": batches}))


def causes_in(message: Message) -> list[Cause | None]:
    assert isinstance(message, Telemetry)
    return [sample.cause for sample in message.samples]


NOT_AS_EXPECTED = msgspec.structs.replace(
    BATCH,
    samples=(*BATCH.samples, msgspec.structs.replace(BATCH.samples[1], camera="yard", cause=Cause.WRONG_PROTOCOL)),
)


def test_a_renamed_cause_goes_under_the_name_that_older_collectors_know() -> None:
    rows = msgspec.json.decode(wire.encode(NOT_AS_EXPECTED))
    assert [sample.get("cause") for sample in rows["samples"]] == [None, "refused", "not_rtsp"]
    inflated = zlib.decompressobj(zdict=PRESET_DICTIONARY).decompress(wire.encode(NOT_AS_EXPECTED, compress=True))
    assert msgspec.json.decode(inflated)["columns"]["cause"] == [None, "refused", "not_rtsp"]
    state = CameraState(
        site="kabil", camera="yard", boot="b", seq=1, time=1, state=State.DOWN, since=1, cause=Cause.WRONG_PROTOCOL
    )
    assert b'"not_rtsp"' in wire.encode(state)
    reply = Reply(site="kabil", id="1", camera="yard", time=1, sample=NOT_AS_EXPECTED.samples[-1])
    assert b'"not_rtsp"' in wire.encode(reply)


@pytest.mark.parametrize("compress", [False, True])
def test_a_renamed_cause_comes_back_under_its_present_name(compress: bool) -> None:
    payload = wire.encode(NOT_AS_EXPECTED, compress=compress)
    assert causes_in(wire.decode(TELEMETRY, payload)) == [None, Cause.REFUSED, Cause.WRONG_PROTOCOL]


def test_both_names_of_a_renamed_cause_are_read() -> None:
    for name in ("not_rtsp", "wrong_protocol"):
        payload = wire.encode(BATCH).replace(b'"refused"', f'"{name}"'.encode())
        assert causes_in(wire.decode(TELEMETRY, payload)) == [None, Cause.WRONG_PROTOCOL]
        assert words("en").meaning(name) == words("en").meaning("wrong_protocol")
        assert current_name(name) == "wrong_protocol"
    assert current_name("site_dark") == "site_dark"


FLOODED = msgspec.structs.replace(
    BATCH, samples=(*BATCH.samples, msgspec.structs.replace(BATCH.samples[1], camera="yard", cause=Cause.FLOODING))
)


@pytest.mark.parametrize("compress", [False, True])
def test_a_new_cause_goes_beside_an_older_one_of_the_same_state(compress: bool) -> None:
    payload = wire.encode(FLOODED, compress=compress)
    assert wire.decode(TELEMETRY, payload) == FLOODED
    inflated = zlib.decompressobj(zdict=PRESET_DICTIONARY).decompress(payload) if compress else payload
    assert b'"no_media"' in inflated
    assert inflated.count(b'"flooding"') == 1
    assert all(STATE_OF[new] is STATE_OF[old] for new, old in STAND_INS.items())


def test_a_cause_newer_than_this_version_is_read_as_its_stand_in() -> None:
    payload = wire.encode(FLOODED).replace(b'"flooding"', b'"tired"')
    assert causes_in(wire.decode(TELEMETRY, payload)) == [None, Cause.REFUSED, Cause.NO_MEDIA]


def test_an_unknown_cause_is_refused() -> None:
    with pytest.raises(ContractError, match="Invalid enum value"):
        wire.decode(TELEMETRY, wire.encode(BATCH).replace(b'"refused"', b'"tired"'))


def test_an_id_has_at_most_63_characters() -> None:
    assert topics.SLUG.fullmatch("a" * 63)
    assert not topics.SLUG.fullmatch("a" * 64)
