"""Telling the story in the terminal: what happens, a progress line, and each notice as it would arrive."""

import contextlib
import time
from collections.abc import Iterator
from email.message import EmailMessage
from typing import TextIO

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from pantau_demo.stage import Stage
from pantau_demo.story import ACTS, CUT, FREEZE, UPLINK, Act, faults, found, recovered

_LAST_MAIL_WITHIN_S = 30


class Telling:
    """The teller's voice. `mail` may be called from another thread."""

    def __init__(self, to: TextIO) -> None:
        self._console = Console(file=to, highlight=False)
        self._began = time.monotonic()
        self.notices: list[str] = []

    def say(self, text: str) -> None:
        """One line, with the seconds since the beginning."""
        self._console.print(f"[dim]{time.monotonic() - self._began:5.0f} s[/dim]  {text}")

    @contextlib.contextmanager
    def progress(self, what: str) -> Iterator[None]:
        """A moving line while something is awaited."""
        with self._console.status(f"{what} ..."):
            yield

    def mail(self, mail: EmailMessage) -> None:
        """Shows a notice as the technician's mail program would."""
        subject = str(mail["Subject"])
        self.notices += str(mail["X-Pantau-Notices"]).split(", ")  # ends of one moment are one mail
        body = mail.get_body(("plain",))
        pictures = [part.get_filename() for part in mail.walk() if part.get_filename()]
        text = Text((body.get_content().replace("\r\n", "\n") if body else "").strip())
        if pictures:
            text.append(f"\n[{', '.join(str(name) for name in pictures)}]", "dim")
        self._console.print(Panel(text, title=Text(subject), title_align="left", border_style="cyan"))

    def go_on(self, stage: Stage) -> None:
        """Lets the city live until Ctrl-C."""
        self.say("the city goes on; Ctrl-C ends it. Break a camera yourself:")
        self._console.print(
            f'    curl -X PUT {stage.control_url}/kabil-halte/fault -d \'{{"fault": "black"}}\'\n'
            f"    curl -X DELETE {stage.control_url}/kabil-halte/fault",
            style="bold",
            soft_wrap=True,
        )
        stage.run_until_interrupted()


def tell(stage: Stage, telling: Telling, *, within_s: float) -> list[str]:
    """Tells the story once and returns what did not come as told; nothing when all did."""
    ends = time.monotonic() + within_s

    def wait(act: Act, *, end: bool) -> None:
        came = recovered if end else found
        what = f"{'recovered' if end else act.cause}: {act.camera or act.site}"
        with telling.progress(what):
            stage.wait_until(lambda incidents: came(act, incidents), what=what, within_s=ends - time.monotonic())
        telling.say(f"[{'green' if end else 'yellow'}]{what}[/]")

    telling.say(f"3 sites, {len(stage.cameras)} cameras, 3 agents, one collector, broker: {stage.broker}")
    try:
        telling.say(FREEZE.title)
        stage.set_fault(FREEZE.camera or "", "freeze")
        wait(FREEZE, end=False)
        telling.say(CUT.title)
        stage.set_fault(CUT.camera or "", "refuse")
        wait(CUT, end=False)
        telling.say(UPLINK.title)
        stage.lose_uplink(UPLINK.site)
        wait(UPLINK, end=False)
        telling.say("all are mended")
        stage.clear(FREEZE.camera or "")
        stage.clear(CUT.camera or "")
        stage.mend_uplink(UPLINK.site)
        for act in ACTS:
            wait(act, end=True)
    except TimeoutError as error:
        telling.say(f"[red]{error}[/red]")
    _let_the_last_mail_arrive(telling)
    wrong = faults(stage.incidents(), len(telling.notices))
    for fault in wrong:
        telling.say(f"[red]{fault}[/red]")
    if not wrong:
        telling.say("[green]each trouble found with its cause, told once, and its end told once[/green]")
    return wrong


def _let_the_last_mail_arrive(telling: Telling) -> None:
    deadline = time.monotonic() + _LAST_MAIL_WITHIN_S
    while len(telling.notices) < 2 * len(ACTS) and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(1)  # one too many would come now
