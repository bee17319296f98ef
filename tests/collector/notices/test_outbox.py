from pantau_collector.fleet.model import Camera, Site
from pantau_collector.incidents.case import Incident, Kind, Transition
from pantau_collector.inventory import Inventory, InventoryCamera, Party
from pantau_collector.notices.notice import NoticeKind
from pantau_collector.notices.outbox import concerned, plan
from tests.collector.notices.facts import recipient

INVENTORY = Inventory(
    owners=[Party(id="dishub", name="Dinas Perhubungan")],
    cameras=[
        InventoryCamera(site="kabil", id="cam1", owner="dishub", maintainer="sinar"),
        InventoryCamera(site="kabil", id="cam2", owner="dishub", maintainer="lain"),
        InventoryCamera(site="kabil", id="cam3", owner="polisi", maintainer="sinar"),
    ],
)
SITE = Site("kabil", first_s=0, cameras={"cam1": Camera("cam1", first_s=0, name="by the agent")})
WHOLE = Incident(7, "kabil", None, "site_dark", ("cam1", "cam2", "cam3"), 1, 2, 3.0)
ONE = Incident(8, "kabil", "cam1", "stalled", ("cam1",), 1, 2, 3.0)


def test_a_recipient_is_concerned_by_cameras_that_fit_all_of_its_filters() -> None:
    def who(**filters: list[str]) -> tuple[str, ...] | None:
        return concerned(recipient().model_copy(update=filters), WHOLE, INVENTORY)

    assert who() == ("cam1", "cam2", "cam3")
    assert who(owners=["dishub"]) == ("cam1", "cam2")
    assert who(maintainers=["sinar"]) == ("cam1", "cam3")
    assert who(owners=["dishub"], maintainers=["sinar"]) == ("cam1",)
    assert who(owners=["polisi"], maintainers=["lain"]) is None
    assert who(sites=["kabil"], owners=["polisi"]) == ("cam3",)
    assert who(sites=["nongsa"]) is None


def test_a_site_without_cameras_concerns_those_who_look_after_it() -> None:
    empty = Incident(9, "kabil", None, "agent_gone", (), 1, 2, 3.0)
    assert concerned(recipient().model_copy(update={"sites": ["kabil"]}), empty, INVENTORY) == ()
    assert concerned(recipient().model_copy(update={"owners": ["dishub"]}), empty, INVENTORY) is None


def test_each_channel_is_told_once_that_it_began_and_only_those_told_that_it_ended() -> None:
    noc = recipient("json://localhost/1", "json://localhost/2")

    def channels(kind: Kind, *told: str) -> list[tuple[NoticeKind, str]]:
        deliveries = plan(Transition(kind, ONE, 5), {("noc", name) for name in told}, [noc], INVENTORY, SITE)
        return [(delivery.kind, delivery.channel) for delivery in deliveries]

    assert channels(Kind.OPENED) == [(NoticeKind.OPENED, "1-json"), (NoticeKind.OPENED, "2-json")]
    assert channels(Kind.CHANGED, "1-json") == [(NoticeKind.OPENED, "2-json")]
    assert channels(Kind.RESOLVED, "1-json") == [(NoticeKind.RESOLVED, "1-json")]
    assert channels(Kind.RESOLVED) == []
    assert channels(Kind.MERGED) == []


def test_a_notice_names_things_as_the_inventory_does_or_else_as_the_agent_does() -> None:
    (delivery,) = plan(Transition(Kind.OPENED, ONE, 5), set(), [recipient()], INVENTORY, SITE)
    notice = delivery.notice
    assert (notice.site_name, notice.camera_name) == ("kabil", "by the agent")
    assert (notice.cameras[0].owner, notice.cameras[0].maintainer) == ("Dinas Perhubungan", "sinar")
