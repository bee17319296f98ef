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

from pantau_demo.reports import ReportError
from pantau_demo.stage import Stage
from pantau_demo.story import ACTS, CUT, FREEZE, UPLINK, Act, found, problems, recovered, slowness, untold

_REPORTED_WITHIN_S = 60
"""Seconds to wait until the ledger knows the story: it reads the journal every few seconds."""
_LAST_MAIL_WITHIN_S = 30
"""Seconds to wait for the notices of the last recovery."""


class Narrator:
    """Prints the story. `show_mail` may be called from another thread."""

    def __init__(self, to: TextIO) -> None:
        self._console = Console(file=to, highlight=False)
        self._began = time.monotonic()
        self.notices: list[str] = []

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
        done = recovered if end else found
        what = f"{'recovered' if end else act.cause}: {act.camera or act.site}"
        with narrator.progress(what):
            stage.wait_until(lambda incidents: done(act, incidents), what=what, within_s=ends - time.monotonic())
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
    if remark := slowness(incidents, late_s):
        narrator.say(f"[yellow]{remark}[/yellow]")
    if not wrong:
        narrator.say("[green]each trouble found with its cause, told once, and its end told once[/green]")
    return wrong


def tell_the_proof(stage: Stage, narrator: Narrator, into: Path) -> tuple[list[str], Sequence[Path]]:
    """End the story with its reports, and return the problems and the files."""
    reports = stage.reports(into)
    deadline = time.monotonic() + _REPORTED_WITHIN_S
    try:
        with narrator.progress("the reports of these minutes"):
            while (wrong := untold(reports.milliseconds())) and time.monotonic() < deadline:
                time.sleep(1)
            files = reports.write()
    except ReportError as error:
        wrong, files = [f"no report: {error}"], ()
    for problem in wrong:
        narrator.say(f"[red]{problem}[/red]")
    for file in files:
        narrator.say(f"whose every minute was, and what it costs: [bold]{file}[/bold]")
    return wrong, files


def _wait_for_last_mail(narrator: Narrator) -> None:
    deadline = time.monotonic() + _LAST_MAIL_WITHIN_S
    while len(narrator.notices) < 2 * len(ACTS) and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(1)  # a notice too many would arrive now
