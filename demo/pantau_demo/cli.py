"""The command `pantau-demo`: a small city on this machine, with a story."""

import shutil
import sys
import tempfile
import webbrowser
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from pantau_demo.influxdb import InfluxDBError
from pantau_demo.narration import Narrator, play, tell_the_plots, tell_the_proof
from pantau_demo.processes import ProgramEndedError
from pantau_demo.stage import Stage

app = typer.Typer(add_completion=False, pretty_exceptions_show_locals=False)

_START_WITHIN_S = 180
"""Seconds within which every camera must be `ok` for the first time."""
_EXAMPLE = "Example: pantau-demo --for 90   (the story once; exit 0 only if all came as told)"


def _print_version(given: bool) -> None:
    if given:
        typer.echo(f"pantau-demo {metadata.version('pantau')}")
        raise typer.Exit


def _lasting_folder() -> Path:
    """Return a new folder that outlives the demo, for its reports."""
    return Path(tempfile.mkdtemp(prefix="pantau-report-"))


@app.command(epilog=_EXAMPLE)
def main(
    *,
    for_s: Annotated[
        float,
        typer.Option("--for", help="Tell the story once, within so many seconds, and end. 0: go on until Ctrl-C."),
    ] = 0,
    wall_port: Annotated[int, typer.Option(help="Port of the wall page; 0 takes a free one.")] = 0,
    keep: Annotated[Path | None, typer.Option(help="Keep configuration, data and logs in this folder.")] = None,
    embedded_broker: Annotated[
        bool,
        typer.Option("--embedded-broker", help="Use the demo's own broker though mosquitto is installed."),
    ] = False,
    series: Annotated[
        bool, typer.Option("--series/--no-series", help="Start InfluxDB and Grafana, if they are installed.")
    ] = True,
    json: Annotated[bool, typer.Option("--json", help="Print what came as JSON at the end.")] = False,
    version: Annotated[  # noqa: ARG001 # its callback uses it
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """A city of 3 sites and 12 simulated cameras, watched by real agents and a real collector.

    It ends with two reports: of the city, and of the contract by which the cameras are maintained.

    Exit code 0: all came as told. 1: something did not. 2: the city did not start.
    """
    folder = keep or Path(tempfile.mkdtemp(prefix="pantau-demo-"))
    folder.mkdir(parents=True, exist_ok=True)
    narrator = Narrator(to=sys.stderr if json else sys.stdout)
    started = True
    series_url: str | None = None
    grafana_url: str | None = None
    reports: Sequence[Path] = ()
    try:
        with Stage(
            folder,
            wall_port=wall_port,
            embedded_broker=embedded_broker,
            on_mail=narrator.show_mail,
            with_series=series,
        ) as stage:
            with narrator.progress("the city wakes up"):
                stage.wait_until_ready(within_s=_START_WITHIN_S)
            link = stage.sign_in_link()
            narrator.say(f"the pages, signed in once as admin: [bold]{link}[/bold]")
            if for_s == 0 and sys.stdout.isatty():
                webbrowser.open(link)
            tell_the_plots(stage, narrator)
            series_url = stage.influxdb.url if stage.influxdb else None
            grafana_url = stage.grafana.url if stage.grafana else None
            wrong = play(stage, narrator, within_s=for_s or 600)
            untold, reports = tell_the_proof(stage, narrator, keep or _lasting_folder())
            wrong += untold
            if for_s == 0:
                narrator.run_until_interrupted(stage)
    except KeyboardInterrupt:
        wrong = []
    except (ProgramEndedError, InfluxDBError, TimeoutError, OSError) as error:
        narrator.say(f"[red]{error}[/red]")
        started = False
        raise typer.Exit(2) from None
    finally:
        if keep is None and started:
            shutil.rmtree(folder, ignore_errors=True)
    if json:
        told = {
            "ok": not wrong,
            "wrong": wrong,
            "notices": narrator.notices,
            "reports": list(map(str, reports)),
            "slow": narrator.remark,
            "influxdb": series_url,
            "grafana": grafana_url,
        }
        typer.echo(msgspec.json.encode(told))
    raise typer.Exit(1 if wrong else 0)
