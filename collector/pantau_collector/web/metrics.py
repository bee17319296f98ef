"""`/metrics` in Prometheus' text format (exposition format 0.0.4)."""

from collections import Counter
from collections.abc import Callable, Iterator

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from pantau_collector.fleet.view import CityView
from pantau_collector.health import Health, TroubleKind
from pantau_contract.states import State


async def metrics(request: Request) -> Response:
    """Serve `/metrics`: everything that the registry collects."""
    text = await run_in_threadpool(generate_latest, request.app.state.registry)
    return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"})


class CityMetrics(Collector):
    """Metrics of the city, taken from its view and the collector's health at each scrape."""

    def __init__(
        self, view: Callable[[], CityView], health: Callable[[], Health], clock_ms: Callable[[], int]
    ) -> None:
        self._view = view
        self._health = health
        self._clock_ms = clock_ms

    def describe(self) -> list[Metric]:
        """Return nothing, so that registering does not ask for the view."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        city = self._view()
        states = Counter(camera.state for site in city.sites for camera in site.cameras)
        cameras = GaugeMetricFamily("pantau_cameras", "Cameras by state.", labels=["state"])
        for state in State:
            cameras.add_metric([state], states[state])
        yield cameras
        yield GaugeMetricFamily("pantau_sites", "Sites known.", value=len(city.sites))
        yield GaugeMetricFamily(
            "pantau_sites_online", "Sites whose agent is heard.", value=sum(site.online for site in city.sites)
        )
        opened = Counter(each.cause for each in city.incidents if each.resolved_ms is None)
        yield GaugeMetricFamily("pantau_incidents_open", "Open incidents.", value=opened.total())
        causes = GaugeMetricFamily("pantau_incidents_open_by_cause", "Open incidents by cause.", labels=["cause"])
        for cause, number in sorted(opened.items()):
            causes.add_metric([cause], number)
        yield causes
        gaps = CounterMetricFamily("pantau_site_gaps", "Batches of a site that never came.", labels=["site"])
        for site in city.sites:
            gaps.add_metric([site.id], site.gaps)
        yield gaps
        yield GaugeMetricFamily(
            "pantau_view_age_seconds",
            "Age of the collector's view of the city.",
            value=max(self._clock_ms() - city.time_ms, 0) / 1000,
        )
        kinds = {trouble.kind for trouble in self._health().troubles}
        troubles = GaugeMetricFamily("pantau_trouble", "1 while the collector has this trouble.", labels=["kind"])
        for kind in TroubleKind:
            troubles.add_metric([kind], kind in kinds)
        yield troubles


class RoomMetric(Collector):
    """One metric of another room, read at each scrape. A counter's name is given without `_total`."""

    def __init__(self, name: str, text: str, read: Callable[[], float], *, counter: bool = False) -> None:
        self._name = name
        self._text = text
        self._read = read
        self._family = CounterMetricFamily if counter else GaugeMetricFamily

    def describe(self) -> list[Metric]:
        """Return the metric's name, so that a second one of the same name is refused."""
        return [self._family(self._name, self._text)]

    def collect(self) -> Iterator[Metric]:
        """Yield the present value."""
        yield self._family(self._name, self._text, value=self._read())
