"""Plays the story in the terminal: what happens, a progress line, and each notice as it arrives."""

import contextlib
import time
from collections.abc import Iterator, Sequence
from email.message import EmailMessage
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from pantau_demo.grafana import ADMIN
from pantau_demo.reports import ReportError, Reports
from pantau_demo.stage import Stage
from pantau_demo.story import (
    ACTS,
    CUT,
    FREEZE,
    UPLINK,
    Act,
    excused,
    found,
    problems,
    recovered,
    slowness,
    untold,
)

_REPORTED_WITHIN_S = 60
"""Seconds to wait until the ledger knows the story: it reads the journal every few seconds."""
_GRAFANA_WITHIN_S = 60
"""Seconds to wait until Grafana shows pages; it goes on starting meanwhile."""
_LAST_MAIL_WITHIN_S = 30
"""Seconds to wait for the notices of the last recovery."""


class Narrator:
    """Prints the story. `show_mail` may be called from another thread."""

    def __init__(self, to: TextIO) -> None:
        self._console = Console(file=to, highlight=False)
        self._began = time.monotonic()
        self.notices: list[str] = []
        self.remark = ""
        """That the machine is too slow for the demo, if it is."""

    def say(self, text: str) -> None:
        """Print one line, with the seconds since the start."""
        self._console.print(f"[dim]{time.monotonic() - self._began:5.0f} s[/dim]  {text}")

    @contextlib.contextmanager
    def progress(self, what: str) -> Iterator[None]:
        """Show a progress line while waiting for `what`."""
        with self._console.status(f"{what} ..."):
            yield

    def show_mail(self, mail: EmailMessage) -> None:
        """Show a notice as the technician's mail program would."""
        subject = str(mail["Subject"])
        self.notices += str(mail["X-Pantau-Notices"]).split(", ")  # ends of one moment are one mail
        body = mail.get_body(("plain",))
        pictures = [part.get_filename() for part in mail.walk() if part.get_filename()]
        text = Text((body.get_content().replace("\r\n", "\n") if body else "").strip())
        if pictures:
            text.append(f"\n[{', '.join(str(name) for name in pictures)}]", "dim")
        self._console.print(Panel(text, title=Text(subject), title_align="left", border_style="cyan"))

    def run_until_interrupted(self, stage: Stage) -> None:
        """Leave the city running until Ctrl-C."""
        self.say("the city goes on; Ctrl-C ends it. Break a camera yourself:")
        self._console.print(
            f'    curl -X PUT {stage.control_url}/kabil-halte/fault -d \'{{"fault": "black"}}\'\n'
            f"    curl -X DELETE {stage.control_url}/kabil-halte/fault",
            style="bold",
            soft_wrap=True,
        )
        stage.run_until_interrupted()


def play(stage: Stage, narrator: Narrator, *, within_s: float) -> list[str]:
    """Play the story once and return the problems, none if it went as it should."""
    ends = time.monotonic() + within_s

    def wait(act: Act, *, end: bool) -> None:
        """Wait for an act or its end; on a machine that is too slow for it, not for longer than its share."""
        left_s = ends - time.monotonic()
        try:
            wait_for(act, end=end, within_s=left_s / 2 if act.camera else left_s)
        except TimeoutError:
            if not excused(act, stage.cameras_late_s(), end=end):
                raise
            narrator.say(f"[yellow]not seen: {act.title}[/yellow]")

    def wait_for(act: Act, *, end: bool, within_s: float) -> None:
        done = recovered if end else found
        what = f"{'recovered' if end else act.cause}: {act.camera or act.site}"
        with narrator.progress(what):
            stage.wait_until(lambda incidents: done(act, incidents), what=what, within_s=within_s)
        narrator.say(f"[{'green' if end else 'yellow'}]{what}[/]")

    narrator.say(f"3 sites, {len(stage.cameras)} cameras, 3 agents, one collector, broker: {stage.broker}")
    try:
        narrator.say(FREEZE.title)
        stage.set_fault(FREEZE.camera or "", "freeze")
        wait(FREEZE, end=False)
        narrator.say(CUT.title)
        stage.set_fault(CUT.camera or "", "refuse")
        wait(CUT, end=False)
        narrator.say(UPLINK.title)
        stage.lose_uplink(UPLINK.site)
        wait(UPLINK, end=False)
        narrator.say("all are mended")
        stage.clear(FREEZE.camera or "")
        stage.clear(CUT.camera or "")
        stage.mend_uplink(UPLINK.site)
        for act in ACTS:
            wait(act, end=True)
    except TimeoutError as error:
        narrator.say(f"[red]{error}[/red]")
    _wait_for_last_mail(narrator)
    incidents, late_s = stage.incidents(), stage.cameras_late_s()
    wrong = problems(incidents, len(narrator.notices), cameras_late_s=late_s)
    for problem in wrong:
        narrator.say(f"[red]{problem}[/red]")
    narrator.remark = slowness(incidents, late_s)
    if narrator.remark:
        narrator.say(f"[yellow]{narrator.remark}[/yellow]")
    if not wrong:
        narrator.say("[green]each trouble found with its cause, told once, and its end told once[/green]")
    return wrong


def tell_the_proof(stage: Stage, narrator: Narrator, into: Path) -> tuple[list[str], Sequence[Path]]:
    """End the story with its reports, and return the problems and the files."""
    reports = stage.reports(into)
    deadline = time.monotonic() + _REPORTED_WITHIN_S
    try:
        with narrator.progress("the reports of these minutes"):
            while (wrong := _untold(stage, reports)) and time.monotonic() < deadline:
                time.sleep(1)
            files = reports.write()
    except ReportError as error:
        wrong, files = [f"no report: {error}"], ()
    for problem in wrong:
        narrator.say(f"[red]{problem}[/red]")
    for file in files:
        narrator.say(f"whose every minute was, and what it costs: [bold]{file}[/bold]")
    return wrong, files


def tell_the_plots(stage: Stage, narrator: Narrator) -> None:
    """Say where the series are to be seen, if they are."""
    if stage.influxdb is None:
        narrator.say("no series: InfluxDB is not installed here, or not wanted")
        return
    if stage.grafana is None:
        narrator.say(f"series in InfluxDB: {stage.influxdb.url} (no Grafana is installed here to show them)")
        return
    with narrator.progress("Grafana"):
        answers = stage.grafana_answers(within_s=_GRAFANA_WITHIN_S)
    narrator.say(f"Grafana: [bold]{stage.grafana.url}[/bold]  user {ADMIN}, password {stage.grafana.password}")
    if not answers:
        narrator.say("[yellow]it does not answer yet[/yellow]")


def _untold(stage: Stage, reports: Reports) -> list[str]:
    return untold(reports.milliseconds(), cameras_late_s=stage.cameras_late_s())


def _wait_for_last_mail(narrator: Narrator) -> None:
    deadline = time.monotonic() + _LAST_MAIL_WITHIN_S
    while len(narrator.notices) < 2 * len(ACTS) and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(1)  # a notice too many would arrive now
