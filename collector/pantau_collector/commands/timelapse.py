"""`pantau-collector timelapse`: the pictures of a project as a film."""

import time
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.progress import Progress as Bar

from pantau_collector.commands.opening import (
    DEFAULT_CONFIG,
    EXIT_NOT_DONE,
    AsJson,
    ConfigPath,
    fail,
    open_config,
    open_inventory,
)
from pantau_collector.commands.output import console, print_json, say
from pantau_collector.commands.projects import named_project
from pantau_collector.commands.time_options import ZoneOption, local_zone
from pantau_collector.config import CollectorConfig
from pantau_collector.data_dir import DataDir
from pantau_collector.inventory import Inventory
from pantau_collector.pictures import CameraKey
from pantau_collector.projects import Project
from pantau_collector.snapshots import SnapshotReader
from pantau_collector.timelapse import CannotMakeError, Every, Job, Made, Part, Progress, choose, run
from pantau_contract.words import Words
from pantau_service.language_option import LanguageOption, words_for
from pantau_service.settings import did_you_mean

_WITHIN_S = 3600.0
"""Seconds that a time-lapse may take."""


def timelapse_command(
    project: Annotated[str, typer.Argument(metavar="PROJECT", help="The project's id or name.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where it is written: a name that ends in .mp4.")],
    begin: Annotated[
        str | None, typer.Option("--from", metavar="DAY", help="As 2026-03-01; else the first.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="DAY", help="The last day; else today.")] = None,
    camera: Annotated[
        str | None,
        typer.Option(metavar="SITE/CAMERA", help="Of this camera alone; else of all, one after another."),
    ] = None,
    every: Annotated[str, typer.Option(help="One picture of each `day`, in its best light, or `hour`.")] = "day",
    fps: Annotated[int, typer.Option(min=1, max=60, help="Pictures a second.")] = 10,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there already.")] = False,
    config: ConfigPath = DEFAULT_CONFIG,
    timezone: ZoneOption = None,
    language: LanguageOption = None,
    as_json: AsJson = False,
) -> None:
    """Make a time-lapse of a project (MP4) from the pictures that are kept, with the date in the picture.

    It has no nights, and no picture that was not true: black, frozen, covered, moved and so on.

    Exit status: 0; 1 nothing was made: there is no such project or no picture, or the file cannot be written; 2 a
    wrong option.
    """
    words = words_for(language)
    if out.suffix.lower() != ".mp4":
        fail(f"--out: expected a name that ends in .mp4, got {out}")
    if out.exists() and not force:
        fail(f"--out: {out} is there already: give another name, or --force", exit_code=EXIT_NOT_DONE)
    if every not in ("day", "hour"):
        fail(f"--every: expected day or hour, got {every!r}")
    settings = open_config(config)
    inventory, zone = open_inventory(settings), local_zone(settings, timezone)
    found = named_project(project, inventory)
    first, last = _day("--from", begin, date(2000, 1, 1)), _day("--to", end, datetime.now(zone).date())
    if last < first:
        fail(f"--to: expected {first} or a later day, got {last}")
    job = Job(
        directory=str(DataDir(settings.data_dir).snapshots.absolute()),
        out=str(out.absolute()),
        title=found.title,
        zone=zone.key,
        parts=_parts(
            settings,
            inventory,
            _cameras(found, camera),
            (first, last),
            zone,
            every="hour" if every == "hour" else "day",
        ),
        frames_a_second=fps,
    )
    began = time.monotonic()
    try:
        made = _made(job, words, quiet=as_json)
    except CannotMakeError as error:
        fail(f"{found.title}: {error}", exit_code=EXIT_NOT_DONE)
    took_s = round(time.monotonic() - began, 1)
    if as_json:
        print_json({"project": found.id, "out": str(out), **_as_builtins(made), "took_s": took_s})
        return
    about = {
        "out": out,
        "frames": words("count.pictures", count=made.frames),
        "width": made.width,
        "height": made.height,
        "codec": made.codec,
    }
    say(words("project.timelapse_made", **about, seconds=f"{made.seconds:.1f}", mb=f"{made.bytes / 1e6:.1f}"))
    if made.skipped:
        say(words("project.timelapse_skipped", n=made.skipped))


def _made(job: Job, words: Words, *, quiet: bool) -> Made:
    if quiet:
        return run(job, lambda _: None, within_s=_WITHIN_S)
    with Bar(console=console(err=True), transient=True) as bar:
        task = bar.add_task(words("project.timelapse_making"), total=job.moments)

        def report(progress: Progress) -> None:
            bar.update(task, completed=progress.done)

        return run(job, report, within_s=_WITHIN_S)


def _parts(
    settings: CollectorConfig,
    inventory: Inventory,
    cameras: list[CameraKey],
    days: tuple[date, date],
    zone: ZoneInfo,
    *,
    every: Every,
) -> list[Part]:
    reader = SnapshotReader(DataDir(settings.data_dir).snapshots)
    from_ms, to_ms = _midnight_ms(days[0], zone), _midnight_ms(days[1] + timedelta(days=1), zone)
    try:
        return [
            Part(
                inventory.camera(*key).name or key[1],
                choose(reader.list(key, from_ms, to_ms), settings.snapshots, zone, every=every),
            )
            for key in cameras
        ]
    except OSError as error:
        fail(str(error), exit_code=EXIT_NOT_DONE)


def _cameras(project: Project, camera: str | None) -> list[CameraKey]:
    if camera is None:
        return list(project.cameras)
    known = {"/".join(key): key for key in project.cameras}
    if camera not in known:
        hint = f"; {did_you_mean(camera, sorted(known))}" if known else ""
        fail(f"--camera: {project.title} has no camera `{camera}`{hint}", exit_code=EXIT_NOT_DONE)
    return [known[camera]]


def _day(option: str, text: str | None, otherwise: date) -> date:
    if text is None:
        return otherwise
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        fail(f"{option}: expected a day such as 2026-03-01, got {text!r}")
    if not 2000 <= day.year <= 2200:
        fail(f"{option}: expected a day between 2000 and 2200, got {text!r}")
    return day


def _midnight_ms(day: date, zone: ZoneInfo) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp() * 1000)


def _as_builtins(made: Made) -> dict[str, object]:
    return {name: getattr(made, name) for name in made.__struct_fields__}
