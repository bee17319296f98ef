"""Whatever came late: a closed month stays as it was, and its correction is the difference of two reports."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from pantau_collector.attribution import Decision, add_decision
from pantau_collector.contracts import Contract
from pantau_collector.journal import Record
from pantau_collector.ledger import Bucket
from pantau_collector.reports.document import Report
from pantau_collector.store import Store
from pantau_contract.states import Cause, State
from tests.collector.ledger.simulated import SimulatedSite
from tests.collector.reports.small_city import BEGIN_MS, END_MS, HOUR_MS, SmallCity, contract
from tests.collector.reports.test_closing import LINES, difference

CAMERAS = ("gate", "pole")
DOUBTS = ("for_party", "against_party", "left_out")
STEPS = ("fail", "freeze", "recover", "cut", "mend", "stop", "start", "reboot")


STORIES = st.lists(st.tuples(st.sampled_from(STEPS), st.sampled_from(CAMERAS), st.integers(1, 150)), max_size=14)
"""What happens to a site, to which of its cameras, and the hours until something else does."""


def messages(story: Sequence[tuple[str, str, int]]) -> list[Record]:
    """The messages of a site, whose agent reports each hour, from shortly before October to shortly after it."""
    site = SimulatedSite("kabil", CAMERAS, interval_s=3600)
    site.stop()
    site.run((BEGIN_MS - 30 * HOUR_MS - site.now_ms) / 1000)
    site.start("machine")
    is_running = True
    for step, camera, hours in story:
        match step:
            case "fail" | "freeze":
                site.set(Cause.UNREACHABLE if step == "fail" else Cause.FROZEN, camera)
            case "recover":
                site.set(State.OK, camera)
            case "cut":
                site.cut_line()
            case "mend":
                site.mend_line()
            case "stop" if is_running:
                site.stop()
                is_running = False
            case "start" | "reboot" if not is_running:
                site.start("service" if step == "start" else "machine")
                is_running = True
        site.run(min(hours * 3600, max(0, (END_MS + 20 * HOUR_MS - site.now_ms) / 1000)))
    if not is_running:
        site.start("machine")
    site.mend_line()
    site.run((END_MS + 24 * HOUR_MS - site.now_ms) / 1000)
    return site.records


@st.composite
def decisions(draw: st.DrawFn) -> list[Decision]:
    begin_ms = BEGIN_MS + draw(st.integers(-40, 700)) * HOUR_MS
    end_ms = begin_ms + draw(st.integers(1, 300)) * HOUR_MS
    to = draw(st.sampled_from([Bucket.THIRD_PARTY, Bucket.CAMERA]))
    made = Decision(0, 1, (("kabil", "gate"),), begin_ms, end_ms, to, "PT X", "a lorry", "Budi", END_MS, {})
    return [made] if draw(st.booleans()) else []


def opened(folder: str, name: str, contracts: Sequence[Contract], told: Sequence[Record]) -> SmallCity:
    city = SmallCity(Store.at(Path(folder) / f"{name}.sqlite"))
    city.contracts = list(contracts)
    city.enter(told)
    return city


def reports(city: SmallCity) -> dict[str, Report]:
    maker = city.maker()
    return {"": maker.city("site"), **{each.id: maker.contract(each.id) for each in city.contracts}}


def decide(city: SmallCity, made: Sequence[Decision]) -> None:
    city.change(lambda connection: [add_decision(connection, each) for each in made])


@settings(max_examples=12)
@given(STORIES, st.integers(0, 99), st.integers(0, 100), decisions(), st.sampled_from(DOUBTS))
def test_a_correction_is_the_difference_of_two_reports(
    story: list[tuple[str, str, int]], first: int, share: int, made: list[Decision], doubt: str
) -> None:
    whole = messages(story)
    begin = len(whole) * first // 100
    end = begin + len(whole) * share // 100
    early, late = whole[:begin] + whole[end:], whole[begin:end]
    contracts = [contract(doubt=doubt), contract(**LINES, doubt=doubt)]
    with TemporaryDirectory() as folder:
        closed = opened(folder, "closed", contracts, early)
        still_open = opened(folder, "open", contracts, whole)
        then = reports(closed)
        closed.maker().close("Ibu Sari")
        closed.enter(late)
        decide(closed, made)
        decide(still_open, made)
        now, shown = reports(still_open), reports(closed)
        closed.store.close()
        still_open.store.close()
    for name, before in then.items():
        report, after = shown[name], now[name]
        assert replace(report, period=before.period, corrections=(), decisions=()) == before
        told = {each.contract: each for each in report.corrections}
        if not name:
            expected = difference(before.total.ms, after.total.ms)
            assert (told[""].ms if "" in told else {}) == expected
            assert sum(expected.values()) == 0
        for one, other in zip(before.accounts, after.accounts, strict=True):
            found = told.pop(one.contract, None)
            assert (found.ms if found else {}) == difference(one.ms, other.ms)
            assert (found.amount if found else Decimal(0)) == one.payable - other.payable
        assert set(told) <= {""}
