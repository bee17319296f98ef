from itertools import product

import msgspec
import pytest

from pantau_collector.clock_correction import correction_ms
from pantau_collector.journal import Record
from pantau_collector.ledger import Bucket
from pantau_collector.own_records import Figures, IncidentStep, make_record
from pantau_collector.sinks.line_protocol import Measurement
from pantau_collector.sinks.schema import CAMERA, CAMERA_DAY, COLLECTOR, HOST, MEASUREMENTS, STATE_CODES, lines
from pantau_contract.errors import ContractError
from pantau_contract.messages import Death, Drop, Host, Message, Reply, Sample, Telemetry
from pantau_contract.states import Cause, State
from pantau_contract.topics import TopicKind
from pantau_contract.wire import encode
from tests.collector.intake.messages import NOW, SITE, birth, down, telemetry, topic


def lines_of(
    message: Message, kind: TopicKind, *, camera: str | None = None, received_ms: int = NOW, retained: bool = False
) -> list[str]:
    return lines(Record(received_ms, topic(kind, camera=camera), encode(message), retained))


def batch(*samples: Sample, time: int = NOW, host: Host | None = None) -> Telemetry:
    return Telemetry(SITE, "b1", 7, time, 1000, True, 30, samples, host)


def test_every_state_has_a_code() -> None:
    assert set(STATE_CODES) == set(State)


def test_a_batch_becomes_a_line_a_camera_one_of_the_host_and_one_of_the_agent() -> None:
    fields = 'state="ok",state_code=0i,cause="",codec="h264",width=640i,height=360i,fps=24.5,bitrate_kbps=400.0'
    assert lines_of(telemetry(0), TopicKind.TELEMETRY, received_ms=NOW + 1500) == [
        f"camera,camera=cam0,site=nagoya {fields} {NOW}",
        f"camera,camera=cam1,site=nagoya {fields} {NOW}",
        f"host,site=nagoya cpu_pct=12.5,throttled=0i {NOW}",
        f"agent,site=nagoya seq=0i,samples=2i,dropped=0i,clock_synchronised=1i,delay_s=1.5 {NOW}",
    ]


def test_every_measure_of_a_sample_and_of_a_host_has_its_field() -> None:
    numbers = {name: float(i) for i, name in enumerate(Sample.__struct_fields__[9:-4], 100)}
    sample = Sample("cam1", NOW, State.DOWN, NOW, Cause.STALLED, codec="h265", width=1, height=2, **numbers)  # type: ignore[arg-type] # all are floats
    (line, _) = lines_of(batch(sample), TopicKind.TELEMETRY)
    for name, value in numbers.items():
        assert f",{name}={value}" in line
    host = Host(**{name: 1 for name in Host.__struct_fields__ if name not in ("throttled", "undervoltage")})  # type: ignore[arg-type]
    (line, _) = lines_of(batch(host=host), TopicKind.TELEMETRY)
    assert line.count("=1") == len(HOST.fields) - 2
    assert {field.name for field in HOST.fields} == set(Host.__struct_fields__)


def test_evidence_is_kept_for_the_causes_that_there_are() -> None:
    sample = Sample("cam1", NOW, State.IMPAIRED, NOW, Cause.BLACK, evidence={"black": 0.9, "invented, =": 1.0})
    (line, _) = lines_of(batch(sample), TopicKind.TELEMETRY)
    assert line == (
        f'camera,camera=cam1,site=nagoya state="impaired",state_code=2i,cause="black",evidence_black=0.9 {NOW}'
    )


def test_why_no_picture_is_judged_is_a_field_while_none_is() -> None:
    sample = Sample("cam1", NOW, State.OK, NOW, picture_unseen="no keyframe of it comes whole")
    (line, _) = lines_of(batch(sample), TopicKind.TELEMETRY)
    assert line == (
        'camera,camera=cam1,site=nagoya state="ok",state_code=0i,cause="",'
        f'picture_unseen="no keyframe of it comes whole" {NOW}'
    )


def test_a_change_of_state_is_a_line_at_its_own_time() -> None:
    assert lines_of(down(5), TopicKind.STATE, camera="cam1") == [
        f'camera,camera=cam1,site=nagoya state="down",state_code=3i,cause="refused" {NOW + 5}'
    ]


def test_an_agent_that_comes_and_goes() -> None:
    assert lines_of(birth(), TopicKind.AGENT) == [f'agent,site=nagoya online=1i,session=1i,version="0.1.0" {NOW}']
    death = Death(SITE, "b1", 1)
    assert lines_of(death, TopicKind.AGENT, received_ms=NOW + 9) == [
        f"agent,site=nagoya online=0i,session=1i {NOW + 9}"
    ]
    assert lines_of(death, TopicKind.AGENT, received_ms=NOW + 9, retained=True) == [], "nobody knows when it was"


def test_a_reply_is_no_series() -> None:
    assert lines_of(Reply(SITE, "1", "cam1", NOW), TopicKind.REPLY) == []


def test_a_step_of_an_incident_is_a_line_at_its_time_without_camera_where_it_is_a_sites() -> None:
    step = IncidentStep(7, "opened", NOW, SITE, None, "agent_gone", 16, NOW - 2500)
    assert lines(make_record(step, NOW + 99)) == [
        (
            "incident,camera=-,device=-,kind=opened,site=nagoya,uplink=- "
            f'id=7i,cause="agent_gone",cameras=16i,open=1i,lasted_s=2.5 {NOW}'
        )
    ]
    step = IncidentStep(8, "resolved", NOW, SITE, "cam1", "black", 1, NOW - 1000)
    assert lines(make_record(step, NOW)) == [
        (
            "incident,camera=cam1,device=-,kind=resolved,site=nagoya,uplink=- "
            f'id=8i,cause="black",cameras=1i,open=0i,lasted_s=1.0 {NOW}'
        )
    ]
    step = IncidentStep(9, "escalated", NOW, "", None, "uplink_down", 80, NOW - 1000, uplink="telkom")
    assert lines(make_record(step, NOW)) == [
        (
            "incident,camera=-,device=-,kind=escalated,site=-,uplink=telkom "
            f'id=9i,cause="uplink_down",cameras=80i,open=1i,lasted_s=1.0 {NOW}'
        )
    ]


@pytest.mark.parametrize("measurement", MEASUREMENTS, ids=lambda measurement: measurement.name)
def test_every_line_of_a_measurement_carries_every_tag(measurement: Measurement) -> None:
    """Or InfluxDB 3 refuses the lines with a tag that the first one did not have."""
    values = [1] + [None] * (len(measurement.fields) - 1)
    for given in product(("x", ""), repeat=len(measurement.tags)):
        line = measurement.line(given, values, NOW)
        assert line is not None
        tags = dict(each.split("=") for each in line.split(" ")[0].split(",")[1:])
        assert tags == {tag: value or "-" for tag, value in zip(measurement.tags, given, strict=True)}


def test_the_collectors_figures_have_a_field_each_and_none_where_there_is_no_sink() -> None:
    names = Figures.__struct_fields__
    assert tuple(field.name for field in COLLECTOR.fields) == names[1:]
    figures = Figures("north", *(None if name.startswith("sink") else 1 for name in names[1:]))  # type: ignore[arg-type]
    (line,) = lines(make_record(figures, NOW))
    assert line.startswith("collector,collector=north messages=1i,samples=1i,")
    assert "sink" not in line
    attention = "attentive=1i,attention_breaks=1i,clock_steps=1i,attentive_since_ms=1i,certificate_days=1.0"
    assert line.endswith(f",memory_mb=1.0,{attention} {NOW}")


@pytest.mark.parametrize(("topic", "payload"), [("collector/incident", b"{}"), ("collector/later", b"{}")])
def test_a_record_of_our_own_that_cannot_be_read_is_an_error(topic: str, payload: bytes) -> None:
    with pytest.raises(ContractError):
        lines(Record(NOW, topic, payload))


def test_a_record_that_is_no_message_is_an_error() -> None:
    with pytest.raises(ContractError):
        lines(Record(NOW, topic(TopicKind.TELEMETRY), b"{}"))


YEAR_2100 = 4_102_444_800_000


@pytest.mark.parametrize("wrong", [5_000, YEAR_2100])
def test_a_batch_of_an_agent_whose_clock_is_not_set_is_moved_as_a_whole(wrong: int) -> None:
    samples = (Sample("cam1", wrong - 2000, State.OK, wrong), Sample("cam1", wrong, State.OK, wrong))
    found = lines_of(batch(*samples, time=wrong), TopicKind.TELEMETRY, received_ms=NOW)
    assert [line.rpartition(" ")[2] for line in found] == [str(NOW - 2000), str(NOW), str(NOW)]


def test_one_sample_of_an_impossible_time_gets_that_of_its_batch() -> None:
    samples = (Sample("cam1", YEAR_2100, State.OK, NOW), Sample("cam2", NOW - 1, State.OK, NOW))
    found = lines_of(batch(*samples), TopicKind.TELEMETRY)
    assert [line.rpartition(" ")[2] for line in found[:2]] == [str(NOW), str(NOW - 1)]


@pytest.mark.parametrize(
    ("time_ms", "is_corrected"),
    [
        (1_704_067_199_999, True),
        (1_704_067_200_000, False),
        (NOW + 600_000, False),
        (NOW + 600_001, True),
    ],
    ids=["before 2024", "since 2024", "ten minutes ahead", "further ahead"],
)
def test_a_time_before_2024_or_more_than_ten_minutes_ahead_is_corrected(time_ms: int, is_corrected: bool) -> None:
    assert (correction_ms(time_ms, NOW) != 0) == is_corrected


def test_a_backlog_keeps_its_times() -> None:
    assert correction_ms(NOW - 7 * 86_400_000, NOW) == 0


def test_a_collector_whose_own_clock_is_not_set_corrects_nobody() -> None:
    assert correction_ms(NOW, 5_000) == 0


def test_no_name_or_type_changes_unnoticed() -> None:
    """The series stay in a city's database for years: fields may be added, but never changed."""
    pinned = {field.name: field.kind.value for field in CAMERA.fields}
    assert pinned["state"] == pinned["cause"] == pinned["codec"] == pinned["transport"] == "string"
    assert pinned["state_code"] == pinned["width"] == pinned["height"] == "integer"
    floats = {name for name, kind in pinned.items() if kind == "float"}
    assert {"fps", "bitrate_kbps", "rtp_loss_pct", "jitter_ms", "evidence_frozen"} <= floats
    assert [(each.name, each.tags) for each in MEASUREMENTS] == [
        ("camera", ("camera", "site")),
        ("host", ("site",)),
        ("agent", ("site",)),
        ("incident", ("camera", "device", "kind", "site", "uplink")),
        ("collector", ("collector",)),
        ("camera_day", ("camera", "site")),
        ("listing", ("camera", "maintainer", "owner", "project", "site")),
    ]
    days = {field.name for field in CAMERA_DAY.fields}
    assert {f"{bucket}_ms" for bucket in Bucket} < days
    assert {"service_ms", "judged_ms", "online_ms", "intact_ms", "measured_ms", "power_ms"} < days


def test_what_the_spool_gave_up_is_a_point_where_it_is_missing() -> None:
    def lost(drop: Drop) -> list[str]:
        message = msgspec.structs.replace(batch(), drop=drop)
        return [line for line in lines_of(message, TopicKind.TELEMETRY) if "dropped_batches" in line]

    yesterday = NOW - 86_400_000
    expected = f"agent,site=nagoya dropped_batches=120i,dropped_span_s=3600.0 {yesterday}"
    assert lost(Drop(120, yesterday, yesterday + 3_600_000)) == [expected]
    undated = f"agent,site=nagoya dropped_batches=1i,dropped_span_s=0.0 {NOW}"
    assert lost(Drop(1, 1000, 1000)) == [undated]
