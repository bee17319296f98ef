"""`pantau-collector backup` and `restore`."""

import time
from pathlib import Path
from typing import Annotated

import typer

from pantau_collector.backup import BackupError, Manifest, create_backup, restore_backup
from pantau_collector.commands.output import print_json, say
from pantau_collector.config import CollectorConfig, load
from pantau_contract.words import words
from pantau_service.settings import ConfigError

EXIT_NOT_DONE = 1
EXIT_USAGE = 2

_Config = Annotated[Path, typer.Option(help="The collector's configuration.")]
_AsJson = Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")]


def backup_command(
    to: Annotated[Path, typer.Argument(metavar="TO", help="A folder that is not there yet.")],
    config: _Config = Path("collector.toml"),
    with_secrets: Annotated[
        bool,
        typer.Option(
            "--with-secrets", help="Copy the secret that signs links too, so that they outlive a restore."
        ),
    ] = False,
    with_snapshots: Annotated[
        bool,
        typer.Option(
            "--with-snapshots", help="Copy the archive of pictures too, which may be larger than all else."
        ),
    ] = False,
    store_only: Annotated[
        bool,
        typer.Option(
            "--store-only", help="Copy the state alone, as before an upgrade: the journal has what comes after."
        ),
    ] = False,
    as_json: _AsJson = False,
) -> None:
    """Copy the collector's data into a folder, while it runs: journal, state, newest pictures, dead letters.

    Its owner alone can read the copy, and no change of it ever touches the original.

    Exit status: 0 it is there, whole and on disk; 1 it is not; 2 the configuration is wrong.

    Example: pantau-collector backup /srv/backup/pantau-2026-11-24 --config /etc/pantau/collector.toml
    """
    settings = _load(config)
    try:
        manifest = create_backup(
            settings.data_dir,
            to,
            has_store=settings.store is None,
            with_secrets=with_secrets,
            with_snapshots=with_snapshots,
            store_only=store_only,
            time_ms=_now_ms(),
        )
    except BackupError as error:
        _fail(error)
    _report(manifest, f"{settings.data_dir} is in {to}", as_json=as_json)
    if not manifest.has_store:
        say(
            "The state is in PostgreSQL: back it up by pg_dump --exclude-table-data=secrets, and do so before this"
            " command, not after it.",
            colour="yellow",
            err=True,
        )


def restore_command(
    source: Annotated[Path, typer.Argument(metavar="FROM", help="A folder that `backup` made.")],
    config: _Config = Path("collector.toml"),
    force: Annotated[bool, typer.Option("--force", help="Move aside what is in data_dir.")] = False,
    as_json: _AsJson = False,
) -> None:
    """Restore the collector's data from a backup; every file of it is checked first.

    Never while a collector runs on it; into a data_dir that is not empty only with --force. Notices that were
    waiting when the backup was taken are sent, with the keys that they had. A backup of the state alone replaces
    the state alone, and what came since is read from the journal once more.

    Exit status: 0 it is restored; 1 it is not, and nothing has changed; 2 the configuration is wrong.

    Example: pantau-collector restore /srv/backup/pantau-2026-11-24 --config /etc/pantau/collector.toml
    """
    settings = _load(config)
    try:
        manifest = restore_backup(source, settings.data_dir, force=force, time_ms=_now_ms())
    except BackupError as error:
        _fail(error)
    _report(manifest, f"{source} is restored to {settings.data_dir}", as_json=as_json)


def _report(manifest: Manifest, summary: str, *, as_json: bool) -> None:
    if as_json:
        secrets = {"with_secrets": manifest.with_secrets}
        about = {"files": len(manifest.files), "bytes": manifest.bytes, "journal_end": manifest.journal_end}
        print_json(about | {"taken_ms": manifest.taken_ms, "has_store": manifest.has_store} | secrets)
    else:
        files = words("en")("count.files", count=f"{len(manifest.files):,}")
        say(f"{summary}: {files}, {manifest.bytes / 1e6:,.1f} MB.")


def _load(config: Path) -> CollectorConfig:
    try:
        return load(config)
    except ConfigError as error:
        say(*error.problems, colour="red", err=True)
        raise typer.Exit(EXIT_USAGE) from None


def _fail(error: BackupError) -> None:
    say(str(error), colour="red", err=True)
    raise typer.Exit(EXIT_NOT_DONE) from None


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
