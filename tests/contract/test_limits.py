"""What a hostile message may cost: each limit holds before anything is expanded, by rows and by columns alike."""

import gzip
import json
import subprocess
import sys
import tracemalloc
import zlib
from typing import Any

import pytest

from pantau_contract import messages, snapshot, wire
from pantau_contract.errors import ContractError
from pantau_contract.messages import Birth, CameraAbout, CameraState, Reply, Sample, Telemetry
from pantau_contract.preset_dictionary import PRESET_DICTIONARY
from pantau_contract.states import CAUSES, Cause, State
from pantau_contract.topics import Topic, parse_topic

TELEMETRY = parse_topic("pantau/v1/kabil/telemetry")
AGENT = parse_topic("pantau/v1/kabil/agent")
NOW = 1_790_000_000_000
BATCH = {
    "site": "kabil",
    "boot": "b1",
    "seq": 1,
    "time": NOW,
    "monotonic_ms": 5,
    "interval_s": 30,
    "clock_synchronised": True,
}
SAMPLE = {"camera": "c", "time": NOW, "state": "ok", "since": NOW}


def rows(count: int, **sample: Any) -> bytes:
    one = json.dumps(SAMPLE | sample)
    return f'{json.dumps(BATCH)[:-1]},"samples":[{",".join([one] * count)}]}}'.encode()


def columns(count: int, **columns: Any) -> bytes:
    given = {"camera": ["c"] * count, "time": [0] * count, "state": "ok", "since": 0} | columns
    deflater = zlib.compressobj(level=9, zdict=PRESET_DICTIONARY)
    return deflater.compress(json.dumps(BATCH | {"columns": given}).encode()) + deflater.flush()


def decoded(payload: bytes, topic: Topic = TELEMETRY) -> Any:
    return wire.decode(topic, payload)


def test_the_limits_are_those_that_the_contract_states() -> None:
    assert wire.MAX_PAYLOAD == 4_194_304
    assert wire.MAX_INFLATED == 16_777_216
    assert wire.MAX_VALUES == 524_288
    assert messages.MAX_SAMPLES == 16_384
    assert messages.MAX_CAMERAS == 1_024
    assert messages.MAX_DEVICES == 1_024
    assert messages.MAX_EVIDENCE == 64
    assert messages.MAX_RANGES == 64
    assert snapshot.MAX_SNAPSHOT == 2_097_152
    assert snapshot.MAX_SEGMENTS == 64


EVIDENCE_65 = {f"{n:x}": 0 for n in range(65)}


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (rows(1, evidence=EVIDENCE_65), r"length <= 64 - at `\$\.samples\[0\]\.evidence`"),
        (columns(1, evidence=EVIDENCE_65), r"length <= 64 - at `\$\.columns\.evidence`"),
        (columns(16_384, evidence={f"{n:x}": 0 for n in range(20_000)}), r"length <= 64"),
        (rows(1, evidence={"k" * 65: 0}), r"length <= 64 - at `key`"),
        (columns(1, evidence={"k" * 65: 0}), r"length <= 64 - at `key`"),
        (rows(16_385), r"length <= 16384 - at `\$\.samples`"),
        (columns(16_385), "over the limit of 16384"),
        (gzip.compress(rows(200_000)), "values, over the limit of 524288"),
        (gzip.compress(rows(1, unknown=[[1]] * 600_000)), "values, over the limit of 524288"),
        (columns(1, unknown={str(n): {} for n in range(300_000)}), "values, over the limit of 524288"),
        (rows(1, detail="x" * 401), "length <= 400"),
        (columns(1, detail="x" * 401), "length <= 400"),
        (rows(1, width=1 << 53), r"\$\.samples\[0\]\.width"),
        (columns(1, time=[int("1" * 4000)]), r"\$\.columns\.time"),
        (rows(1).replace(b'"since"', b'"fps":1e400,"since"'), "out of range"),
        (rows(1).replace(b'"since"', b'"fps":NaN,"since"'), "malformed"),
        (rows(1).replace(b'"since"', b'"fps":Infinity,"since"'), "malformed"),
    ],
)
def test_what_is_over_a_limit_is_refused_with_little_memory(payload: bytes, said: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(ContractError, match=said):
            decoded(payload)
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


def test_a_birth_of_more_cameras_than_a_site_may_have_is_refused() -> None:
    def birth(count: int) -> bytes:
        return wire.encode(
            Birth("kabil", "b", 1, NOW, "1", 30, cameras=tuple(CameraAbout(f"c{n}") for n in range(count)))
        )

    assert len(decoded(birth(1_024), AGENT).cameras) == 1_024
    with pytest.raises(ContractError, match="length <= 1024"):
        decoded(birth(1_025), AGENT)


@pytest.mark.parametrize("form", [rows, columns])
def test_the_largest_batch_takes_bounded_memory_and_only_known_causes(form: Any) -> None:
    known = dict.fromkeys(sorted(CAUSES), 0.5)
    unknown = {f"cause_of_{n}": 0.5 for n in range(64 - len(known))}
    count = 16_384 if form is columns else 5_000  # what MAX_VALUES leaves of rows that are so full
    payload = form(count, evidence=known | unknown)
    if form is rows:
        payload = gzip.compress(payload)
    tracemalloc.start()
    try:
        batch = decoded(payload)
        assert tracemalloc.get_traced_memory()[1] < 96 << 20
    finally:
        tracemalloc.stop()
    assert len(batch.samples) == count
    assert batch.samples[-1].evidence == known


@pytest.mark.parametrize("form", [rows, columns])
def test_evidence_of_a_newer_agent_for_causes_that_are_not_known_yet_is_left_out(form: Any) -> None:
    batch = decoded(form(2, evidence={"black": 0.5, "melted": 0.9}))
    assert [sample.evidence for sample in batch.samples] == [{"black": 0.5}] * 2
    assert decoded(form(1, evidence={"melted": 0.9})).samples[0].evidence is None


_LITTLE_MEMORY = """
import resource, sys
from pantau_contract import wire
from pantau_contract.errors import ContractError
from pantau_contract.topics import parse_topic
payload = sys.stdin.buffer.read()
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (2 << 20), used + (2 << 20)))
try:
    wire.decode(parse_topic("pantau/v1/kabil/telemetry"), payload)
except ContractError as error:
    print(error)
"""


@pytest.mark.parametrize("form", [rows, columns])
def test_without_memory_a_message_is_refused_and_nothing_else_happens(form: Any) -> None:
    run = subprocess.run(
        [sys.executable, "-c", _LITTLE_MEMORY], input=form(16_384), capture_output=True, timeout=60, check=True
    )
    assert run.stdout == b"there is not enough memory for the message\n"


BAD = "one\ntwo\u2028three\x1b[31m\u202efour\x00"
GOOD = "one two three [31mfour "


@pytest.mark.parametrize("form", [rows, columns])
def test_every_text_of_a_batch_is_one_printable_line(form: Any) -> None:
    texts = {"detail": BAD, "codec": BAD, "transport": BAD, "picture_unseen": BAD}
    payload = form(2, **texts)
    if form is rows:
        payload = payload.replace(b'"boot": "b1"', b'"boot": "b\\n1"')
        assert decoded(payload).boot == "b 1"
    for sample in decoded(payload).samples:
        assert [sample.detail, sample.codec, sample.transport, sample.picture_unseen] == [GOOD] * 4
    (first, second) = decoded(columns(2, detail=[BAD, "fine"])).samples
    assert (first.detail, second.detail) == (GOOD, "fine")


def test_every_text_of_the_other_messages_is_one_printable_line() -> None:
    about = CameraAbout("gate", BAD, BAD, BAD, BAD, BAD)
    birth = decoded(wire.encode(Birth("kabil", BAD, 1, NOW, BAD, 30, BAD, (about,))), AGENT)
    assert birth == Birth(
        "kabil", GOOD, 1, NOW, GOOD, 30, GOOD, (CameraAbout("gate", GOOD, GOOD, GOOD, GOOD, GOOD),)
    )
    state = CameraState("kabil", "gate", BAD, 1, NOW, State.DOWN, NOW, Cause.REFUSED, BAD)
    seen = decoded(wire.encode(state), parse_topic("pantau/v1/kabil/camera/gate/state"))
    assert (seen.boot, seen.detail) == (GOOD, GOOD)
    reply = Reply("kabil", BAD, "gate", NOW, BAD, Sample("gate", NOW, State.OK, NOW, detail=BAD))
    answer = decoded(wire.encode(reply), parse_topic("pantau/v1/kabil/reply"))
    assert (answer.id, answer.error, answer.sample.detail) == (GOOD, GOOD, GOOD)


def test_text_without_anything_to_replace_comes_as_it_was() -> None:
    names = 'Simpang Kabil \u2013 "timur" \\ 監視'
    birth = Birth("kabil", "b", 1, NOW, "1", 30, names)
    assert decoded(wire.encode(birth), AGENT) == birth


def test_the_reason_for_a_refusal_is_one_printable_line_too() -> None:
    with pytest.raises(ContractError) as refused:
        decoded(rows(1, state=BAD))
    assert str(refused.value).isprintable()


def test_columns_and_rows_of_the_same_batch_decode_alike() -> None:
    by_rows, by_columns = decoded(rows(3)), decoded(columns(3))
    assert isinstance(by_rows, Telemetry)
    assert by_rows == by_columns
