"""The reports with which the story ends: the collector's own command makes them of the last minutes."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from pantau_demo.city import CONTRACT

_WITHIN_S = 120
"""Seconds that one report may take."""


class ReportError(RuntimeError):
    """The command did not make a report; the text is its own."""


class Reports:
    """Reports of a month, `YYYY-MM`, by the collector of a configuration, also while it runs.

    All are up to the same moment, so that their figures can be compared.
    """

    def __init__(self, config: Path, month: str, until: datetime, into: Path) -> None:
        self._config = config
        self._month = month
        self._until = until
        self._into = into

    def milliseconds(self) -> Mapping[str, int]:
        """Return how long all cameras were in each bucket this month, as far as the collector knows by now.

        Raises:
            ReportError: the command did not make the report.
        """
        told = json.loads(self._make("--by", "site", "--format", "json", "--out", "-"))
        ms: Mapping[str, int] = told["total"]["ms"]
        return ms

    def write(self) -> Sequence[Path]:
        """Write the city's report by site and that of the contract, as pages for a browser.

        Raises:
            ReportError: the command did not make one.
        """
        city, contract = (self._into / f"pantau-{self._month}-{name}.html" for name in ("kota", CONTRACT))
        self._make("--by", "site", "--format", "html", "--out", str(city))
        self._make("--contract", CONTRACT, "--format", "html", "--out", str(contract))
        return city, contract

    def _make(self, *options: str) -> str:
        command: list[Any] = [sys.executable, "-m", "pantau_collector", "report", "--month", self._month]
        command += ["--as-of", self._until.isoformat(timespec="seconds")]
        try:
            done = subprocess.run(
                [*command, "--config", self._config, *options],
                capture_output=True,
                text=True,
                encoding="utf-8",
                check=False,
                timeout=_WITHIN_S,
            )
        except subprocess.TimeoutExpired:
            raise ReportError(f"no report within {_WITHIN_S} s") from None
        if done.returncode:
            raise ReportError(done.stderr.strip() or f"the command ended with {done.returncode}")
        return done.stdout
