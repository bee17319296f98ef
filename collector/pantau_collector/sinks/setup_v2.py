"""Sets up InfluxDB 2.x: buckets, and tasks in Flux.

Servers that accept `/api/v2/write` alone (InfluxDB 3 Core, VictoriaMetrics) have neither, which is reported.
"""

import zlib
from collections.abc import Callable, Iterator
from typing import Any

from influxdb_client.client.exceptions import InfluxDBError
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.domain.bucket_retention_rules import BucketRetentionRules
from influxdb_client.domain.task_create_request import TaskCreateRequest
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from pantau_collector.config import InfluxV2
from pantau_collector.exchanges.http_client import LimitedPool, failure_text
from pantau_collector.exchanges.limits import limited
from pantau_collector.sinks.downsampling import SUMMARIES, DownsamplingRules, Summary
from pantau_collector.sinks.setup_plan import SetupError, SetupPlan, SetupStep

_PREFIX = "pantau_"
"""The beginning of the names of our tasks."""
WITHIN_S = 600.0
"""Seconds for a request: to summarise a day of a city takes minutes."""
_MAX_ANSWER = 4 << 20
"""Bytes of an answer that are read: it may list `_MAX_TASKS` tasks with their texts."""
_NOTHING = "  |> filter(fn: (r) => false)\n"
"""Flux that keeps a query from returning what it has written."""
_DAY_MS = 86_400_000
_MAX_TASKS = 500
"""Tasks that are listed at most."""


class InfluxV2Setup:
    """Sets up a bucket of an InfluxDB 2.x server, and the bucket of its summaries, `{bucket}_long`."""

    def __init__(self, config: InfluxV2, rules: DownsamplingRules) -> None:
        self.name = f"InfluxDB at {config.url}, bucket {config.bucket}"
        self._bucket = config.bucket
        self._long = f"{config.bucket}_long"
        self._org = config.org
        self._rules = rules
        self._client = InfluxDBClient(
            config.url,
            token=config.token.get_secret_value() if config.token else "",
            org=config.org,
            timeout=int(WITHIN_S * 1000),
        )
        transport: Any = self._client.api_client.rest_client
        transport.pool_manager = LimitedPool()  # whose sockets obey `limited`
        self._actions: dict[SetupStep, Callable[[], object]] = {}

    def plan(self, *, shorten: bool) -> SetupPlan:
        """Return the changes to make. Only with `shorten` may raw points be deleted earlier than at present.

        Raises:
            SetupError: the server cannot be queried, or has no buckets and tasks.
        """
        setup = SetupPlan()
        self._plan_bucket(setup, self._bucket, self._rules.raw_days, shorten=shorten)
        self._plan_bucket(setup, self._long, self._rules.long_days, shorten=shorten)
        self._plan_tasks(setup)
        return setup

    def do(self, step: SetupStep) -> None:
        """Carry out a step.

        Raises:
            SetupError: the server did not carry it out.
        """
        self._call(self._actions[step])

    def backfill(self, now_ms: int) -> Iterator[SetupStep]:
        """Summarise the days for which raw points are kept, and yield each step, a day of a summary, once done.

        Raises:
            SetupError: the server did not carry a step out.
        """
        days = self._rules.raw_days or 365
        begin = (now_ms - days * _DAY_MS) // _DAY_MS * _DAY_MS
        while begin < now_ms:
            end = min(begin + _DAY_MS, now_ms)
            span = f"start: {_time(begin)}, stop: {_time(end)}"
            for summary in SUMMARIES:
                flux = self._flux(summary, span) + _NOTHING
                self._call(lambda flux=flux: self._client.query_api().query(flux))  # type: ignore[misc]
                yield SetupStep(f"{summary.name} of a day", flux)
            begin = end

    def close(self) -> None:
        """Close the connection."""
        self._client.close()  # type: ignore[no-untyped-call] # the library has no type here

    def _plan_bucket(self, setup: SetupPlan, bucket: str, days: int, *, shorten: bool) -> None:
        api: Any = self._client.buckets_api()
        text = f"bucket {bucket}, which keeps points {_days(days)}"
        rule: Any = BucketRetentionRules  # the library has no types here, nor below
        rules = [rule(type="expire", every_seconds=days * 86400)] if days else []
        found: Any = self._call(lambda: api.find_bucket_by_name(bucket))
        if found is None:
            self._add(
                setup,
                SetupStep(text, f"create bucket {bucket}"),
                lambda: api.create_bucket(bucket_name=bucket, retention_rules=rules, org=self._org),
            )
            return
        present_s = found.retention_rules[0].every_seconds if found.retention_rules else 0
        expected_s = days * 86400
        if present_s == expected_s:
            setup.up_to_date.append(text)
        elif shorten or (present_s and (expected_s > present_s or expected_s == 0)):
            found.retention_rules = rules
            self._add(setup, SetupStep(text, f"update bucket {bucket}"), lambda: api.update_bucket(found))
        else:
            setup.warnings.append(
                f"bucket {bucket} keeps points {_days(present_s // 86400)}, and stays so: keeping them"
                f" {_days(days)} would delete older ones. First --backfill, then --shorten."
            )

    def _plan_tasks(self, setup: SetupPlan) -> None:
        """Plan the tasks; a name holds a checksum of the task's text, so it changes with it."""
        api: Any = self._client.tasks_api()
        make_request: Any = TaskCreateRequest
        tasks: list[Any] = self._call(lambda: api.find_tasks(org=self._org, limit=_MAX_TASKS))
        found = {task.name: task for task in tasks if task.name.startswith(_PREFIX)}
        expected = dict(self._tasks())
        for name in sorted(found.keys() - expected.keys()):
            step = SetupStep(f"no task {name} any more", f"delete task {name}")
            self._add(setup, step, lambda name=name: api.delete_task(found[name].id))  # type: ignore[misc]
        for name, flux in expected.items():
            if name in found:
                setup.up_to_date.append(f"task {name}")
                continue
            request = make_request(org=self._org, flux=flux, status="active")
            self._add(
                setup,
                SetupStep(f"task {name}", flux),
                lambda request=request: api.create_task(task_create_request=request),  # type: ignore[misc]
            )

    def _tasks(self) -> Iterator[tuple[str, str]]:
        rules = self._rules
        often = {"recent": (f"{rules.interval_s}s", rules.recent_s)}
        if rules.late_days:
            often["late"] = ("1d", rules.late_days * 86400)
        daily = {"late": ("1d", rules.days_back * 86400)}
        for summary in SUMMARIES:
            for which, (every, back_s) in (daily if summary.daily else often).items():
                window = self._window(summary)
                body = self._flux(summary, f"start: date.truncate(t: -{back_s}s, unit: {window})")
                name = f"{_PREFIX}{self._bucket}_{summary.name}_{which}_{zlib.crc32((every + body).encode()):08x}"
                head = f'import "date"\n\noption task = {{name: {_string(name)}, every: {every}}}\n\n'
                yield name, head + body

    def _flux(self, summary: Summary, span: str) -> str:
        """Return the Flux that summarises a span; a window's time is its beginning, as in InfluxQL."""
        fields = " or ".join(f"r._field == {_string(name)}" for name, _ in summary.fields)
        lines = [
            f"from(bucket: {_string(self._bucket)})",
            f"range({span})",
            f"filter(fn: (r) => r._measurement == {_string(summary.measurement)} and ({fields}))",
        ]
        if summary.where:
            lines.append(f"filter(fn: (r) => r._value < {summary.where[1]})")
        lines.append(
            f"aggregateWindow(every: {self._window(summary)}, fn: {summary.function}, createEmpty: false,"
            ' timeSrc: "_start")'
        )
        if summary.where:
            lines.append(f"set(key: {_string('_field')}, value: {_string(summary.fields[0][1])})")
        lines.append(f"to(bucket: {_string(self._long)}, org: {_string(self._org)})")
        return "\n  |> ".join(lines) + "\n"

    def _window(self, summary: Summary) -> str:
        return summary.window or f"{self._rules.interval_s}s"

    def _add(self, setup: SetupPlan, step: SetupStep, action: Callable[[], object]) -> None:
        setup.steps.append(step)
        self._actions[step] = action

    def _call(self, function: Callable[[], Any]) -> Any:
        try:
            with limited(WITHIN_S, _MAX_ANSWER):
                return function()
        except ApiException as error:
            text = " ".join(str(error.body or error.reason or "without a word").split())[:300]
            if error.status in (401, 403):
                raise SetupError(
                    f"{self.name} does not let us ({text}): give a token that may make buckets and tasks, by"
                    " --token-file"
                ) from None
            if error.status in (400, 404, 405, 501):
                raise SetupError(
                    f"{self.name} has no buckets and tasks to set up ({error.status}: {text}): it is not an"
                    " InfluxDB 2. InfluxDB 3 and VictoriaMetrics are told how long to keep points when they are"
                    " started; they take lines as they are"
                ) from None
            raise SetupError(f"{self.name} answered {error.status}: {text}") from None
        except InfluxDBError as error:
            raise SetupError(f"{self.name}: {error}: check influx.org") from None
        except (HTTPError, OSError) as error:
            raise SetupError(f"{self.name} {failure_text(error, WITHIN_S)}") from None


def _string(text: str) -> str:
    """Return a string literal of Flux."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _time(ms: int) -> str:
    """Return a time literal of Flux."""
    return f"time(v: {ms * 1_000_000})"


def _days(days: int) -> str:
    return f"{days} days" if days else "for ever"
