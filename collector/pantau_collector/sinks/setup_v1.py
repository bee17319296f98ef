"""Sets up InfluxDB 1.x: database, retention policies, continuous queries.

`RESAMPLE` is described under "Advanced syntax" at
https://docs.influxdata.com/influxdb/v1/query_language/continuous_queries/.
"""

import json
import re
import zlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from urllib3.util import make_headers

from pantau_collector.config import InfluxV1
from pantau_collector.exchanges import ExchangeError, HttpClient
from pantau_collector.sinks.downsampling import SUMMARIES, DownsamplingRules, Summary
from pantau_collector.sinks.setup_plan import SetupError, SetupPlan, SetupStep

LONG = "long"
"""The retention policy of the summaries; `SELECT ... FROM "long"."camera"` reads them."""
_RAW = "raw"
"""The default retention policy of a database that we create."""
_PREFIX = "pantau_"
"""The beginning of the names of our continuous queries."""
_DAY_MS = 86_400_000
WITHIN_S = 600.0
"""Seconds for a statement: to summarise a day of a city takes minutes."""
_MAX_ANSWER = 1 << 20
"""Bytes of an answer that are read: the continuous queries of all databases are in one."""
_DURATION = re.compile(r"(\d+)([hms])")
_UNIT_SECONDS = {"h": 3600, "m": 60, "s": 1}


class InfluxV1Setup:
    """Sets up a database of an InfluxDB 1.x server."""

    def __init__(self, config: InfluxV1, rules: DownsamplingRules) -> None:
        self.name = f"InfluxDB at {config.url}, database {config.database}"
        self._config = config
        self._rules = rules
        self._database = config.database
        self._raw = _RAW
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if config.user is not None:
            password = config.password.get_secret_value() if config.password else ""
            headers |= make_headers(basic_auth=f"{config.user}:{password}")
        self._client = HttpClient(within_s=WITHIN_S, headers=headers)

    def plan(self, *, shorten: bool) -> SetupPlan:
        """Return the changes to make. Only with `shorten` may raw points be deleted earlier than at present.

        Raises:
            SetupError: the server cannot be queried.
        """
        setup, rules = SetupPlan(), self._rules
        present = {row["name"] for row in self._query("SHOW DATABASES")}
        policies: list[dict[str, Any]] = []
        if self._database in present:
            setup.up_to_date.append(f"database {self._database}")
            policies = self._query(f"SHOW RETENTION POLICIES ON {_quoted(self._database)}")
            self._raw = next((row["name"] for row in policies if row["default"]), _RAW)
            self._plan_raw(setup, policies, shorten=shorten)
        else:
            setup.steps.append(
                SetupStep(
                    f"database {self._database}, which keeps points {_days(rules.raw_days)}",
                    f"CREATE DATABASE {_quoted(self._database)} WITH DURATION {_duration(rules.raw_days)}"
                    f" REPLICATION 1 NAME {_quoted(_RAW)}",
                )
            )
        self._plan_long(setup, policies)
        self._plan_queries(setup)
        return setup

    def do(self, step: SetupStep) -> None:
        """Carry out a step.

        Raises:
            SetupError: the server did not carry it out.
        """
        self._query(step.statement)

    def backfill(self, now_ms: int) -> Iterator[SetupStep]:
        """Summarise all raw points up to now, a day and a summary at a time, and yield each step once it is done.

        Raises:
            SetupError: the server did not carry a step out.
        """
        for summary in SUMMARIES:
            first = self._first_ms(summary)
            if first is None:
                continue
            window_ms = self._rules.interval_s * 1000
            begin = first - first % window_ms
            while begin < now_ms:
                end = min(begin - begin % _DAY_MS + _DAY_MS, now_ms)
                where = f"time >= {begin}ms AND time < {end}ms"
                step = SetupStep(f"{summary.name} of a day", self._select(summary, where))
                self.do(step)
                yield step
                begin = end

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _plan_raw(self, setup: SetupPlan, policies: list[dict[str, Any]], *, shorten: bool) -> None:
        found = next((row for row in policies if row["name"] == self._raw), None)
        expected_s = self._rules.raw_days * 86400
        found_s = _seconds(found["duration"]) if found else 0
        text = f"points in {self._raw} are kept {_days(self._rules.raw_days)}"
        if found is None or found_s == expected_s:
            setup.up_to_date.append(text)
        elif shorten or (found_s and (expected_s > found_s or expected_s == 0)):
            setup.steps.append(
                SetupStep(
                    text,
                    f"ALTER RETENTION POLICY {_quoted(self._raw)} ON {_quoted(self._database)}"
                    f" DURATION {_duration(self._rules.raw_days)}",
                )
            )
        else:
            setup.warnings.append(
                f"points in {self._raw} are kept {_days(found_s // 86400)}, and stay so: keeping them"
                f" {_days(self._rules.raw_days)} would delete older ones. First --backfill, then --shorten."
            )

    def _plan_long(self, setup: SetupPlan, policies: list[dict[str, Any]]) -> None:
        text = f"summaries in {LONG} are kept {_days(self._rules.long_days)}"
        found = next((row for row in policies if row["name"] == LONG), None)
        if found is not None and _seconds(found["duration"]) == self._rules.long_days * 86400:
            setup.up_to_date.append(text)
            return
        statement = "CREATE" if found is None else "ALTER"
        setup.steps.append(
            SetupStep(
                text,
                f"{statement} RETENTION POLICY {_quoted(LONG)} ON {_quoted(self._database)}"
                f" DURATION {_duration(self._rules.long_days)} REPLICATION 1",
            )
        )

    def _plan_queries(self, setup: SetupPlan) -> None:
        """Plan the continuous queries; a name holds a checksum of the query's text, so it changes with it."""
        rows = self._query("SHOW CONTINUOUS QUERIES", series=self._database)
        found = {row["name"] for row in rows if row["name"].startswith(_PREFIX)}
        expected = dict(self._queries())
        for name in sorted(found - expected.keys()):
            drop = f"DROP CONTINUOUS QUERY {_quoted(name)} ON {_quoted(self._database)}"
            setup.steps.append(SetupStep(f"no continuous query {name} any more", drop))
        for name, statement in expected.items():
            if name in found:
                setup.up_to_date.append(f"continuous query {name}")
            else:
                setup.steps.append(SetupStep(f"continuous query {name}", statement))

    def _queries(self) -> Iterator[tuple[str, str]]:
        rules = self._rules
        often = {"recent": f"EVERY {rules.interval_s}s FOR {rules.recent_s}s"}
        if rules.late_days:
            often["late"] = f"EVERY 1d FOR {rules.late_days}d"
        daily = {"late": f"EVERY 1d FOR {rules.days_back}d"}
        for summary in SUMMARIES:
            for which, resample in (daily if summary.daily else often).items():
                body = f"ON {_quoted(self._database)} RESAMPLE {resample} BEGIN {self._select(summary)} END"
                name = f"{_PREFIX}{summary.name}_{which}_{zlib.crc32(body.encode()):08x}"
                yield name, f"CREATE CONTINUOUS QUERY {_quoted(name)} {body}"

    def _select(self, summary: Summary, where: str = "") -> str:
        columns = ", ".join(f"{summary.function}({_quoted(a)}) AS {_quoted(b)}" for a, b in summary.fields)
        conditions = [f"{_quoted(summary.where[0])} < {summary.where[1]}"] if summary.where else []
        conditions += [where] if where else []
        database, measurement = _quoted(self._database), _quoted(summary.measurement)
        parts = [
            f"SELECT {columns}",
            f"INTO {database}.{_quoted(LONG)}.{measurement}",
            f"FROM {database}.{_quoted(self._raw)}.{measurement}",
            f"WHERE {' AND '.join(conditions)}" if conditions else "",
            f"GROUP BY time({summary.window or f'{self._rules.interval_s}s'}), *",
        ]
        return " ".join(filter(None, parts))

    def _first_ms(self, summary: Summary) -> int | None:
        """Return the time of the oldest raw point of a summary's fields, or None if there is none."""
        source = f"{_quoted(self._database)}.{_quoted(self._raw)}.{_quoted(summary.measurement)}"
        firsts = "; ".join(f"SELECT first({_quoted(name)}) FROM {source}" for name, _ in summary.fields)  # noqa: S608 - each is quoted
        return min((int(row["time"]) for row in self._query(firsts)), default=None)

    def _query(self, statements: str, *, series: str | None = None) -> list[dict[str, Any]]:
        """Run statements, and return the rows of all results, or of the series named `series`."""
        url = f"{self._config.url}/query"
        try:
            body = urlencode({"q": statements, "epoch": "ms"}).encode()
            answer = self._client.request("POST", url, body=body, max_answer=_MAX_ANSWER)
        except ExchangeError as error:
            raise SetupError(f"{self.name} {error}") from None
        content = _object(answer.body)
        if answer.status in (401, 403):
            text = content.get("error", answer.status)
            raise SetupError(f"{self.name} does not let us ({text}): give an administrator by --user and a file")
        if answer.status != 200:
            raise SetupError(f"{self.name} answered {answer.status}: {content.get('error', 'without a word')}")
        if not isinstance(content.get("results"), list):
            raise SetupError(
                f"{self.name}: what answers there is no InfluxDB 1, but another program, such as a proxy or a"
                " login page"
            )
        rows = []
        for result in content["results"]:
            if "error" in result:
                raise SetupError(f"{self.name}: {result['error']} ({statements[:200]})")
            for each in result.get("series", []):
                if series is None or each.get("name") == series:
                    rows += [dict(zip(each["columns"], values, strict=True)) for values in each.get("values", [])]
        return rows


def _quoted(name: str) -> str:
    """Return an identifier of InfluxQL."""
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _duration(days: int) -> str:
    return f"{days}d" if days else "INF"


def _days(days: int) -> str:
    return f"{days} days" if days else "for ever"


def _seconds(duration: str) -> int:
    """Return the seconds of a duration such as `2160h0m0s`; 0 means for ever."""
    return sum(int(number) * _UNIT_SECONDS[unit] for number, unit in _DURATION.findall(duration))


def _object(body: bytes) -> dict[str, Any]:
    """Return the JSON object in the body, or an empty one if it holds none."""
    try:
        content = json.loads(body)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
