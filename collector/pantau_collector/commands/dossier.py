"""`pantau-collector dossier`: one outage as a document, for a claim against whoever caused it."""

import time
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Connection

from pantau_collector.attribution import load_decisions
from pantau_collector.commands.incidents import where
from pantau_collector.commands.opening import (
    DEFAULT_CONFIG,
    EXIT_NOT_DONE,
    MAX_NUMBER,
    AsJson,
    ConfigPath,
    exit_on_error,
    fail,
    open_config,
    open_inventory,
    open_store,
)
from pantau_collector.commands.output import print_json, say
from pantau_collector.commands.time_options import ZoneOption, iso, local_zone
from pantau_collector.data_dir import DataDir
from pantau_collector.ledger import Ledger
from pantau_collector.outage_pictures import OutagePictures
from pantau_collector.paper.blocks import Document
from pantau_collector.paper.html import to_html
from pantau_collector.reports.dossier import IncidentRecord, assemble_dossier
from pantau_collector.reports.dossier_pages import dossier_pages
from pantau_collector.store import incident_rows, inventory_rows, outbox_search, request_rows
from pantau_service import atomic_file
from pantau_service.language_option import LanguageOption, words_for


def _to_pdf(document: Document) -> bytes:
    from pantau_collector.paper.pdf import to_pdf  # noqa: PLC0415 # takes long to load

    return to_pdf(document)


_RENDERERS = {".pdf": _to_pdf, ".html": to_html}
_PRIVATE = 0o600
"""Names and pictures are not for every user of the machine."""


def dossier_command(
    number: Annotated[int, typer.Argument(metavar="INCIDENT", max=MAX_NUMBER, help="The incident's number.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where it is written: a .pdf or .html.")],
    config: ConfigPath = DEFAULT_CONFIG,
    timezone: ZoneOption = None,
    language: LanguageOption = None,
    as_json: AsJson = False,
) -> None:
    """Put together all about one outage, for a claim against whoever cut the cable.

    Time line, map, cameras and owners, evidence, decisions of people, who was told, pictures before and after.
    An outage that goes on is described up to now.

    Exit status: 0; 1 there is no such incident, or the state cannot be read or the file not written; 2 a wrong
    option.
    """
    words, now_ms = words_for(language), time.time_ns() // 1_000_000
    if out.suffix.lower() not in _RENDERERS:
        fail(f"--out: expected a name that ends in .pdf or .html, got {out}")
    settings = open_config(config)
    zone, inventory_now = local_zone(settings, timezone), open_inventory(settings)
    with open_store(settings) as store, exit_on_error():
        with store.begin() as connection:
            record = _load(connection, number)
            history = inventory_rows.load_history(connection, otherwise=inventory_now)
        if record is None:
            fail(
                f"there is no incident {number}; one that is over is kept for {settings.incidents.keep_days} days"
                " (incidents.keep_days)",
                exit_code=EXIT_NOT_DONE,
            )
        inventory = history.at(record.incident.since_ms)
        dossier = assemble_dossier(
            record,
            where(record.incident, inventory, words),
            inventory,
            Ledger(store, history).site_intervals,
            now_ms=now_ms,
        )
    pictures = OutagePictures(DataDir(settings.data_dir).outage_pictures, settings.outage_pictures)
    content = _RENDERERS[out.suffix.lower()](dossier_pages(dossier, words, zone, pictures))
    try:
        atomic_file.write(out, content, mode=_PRIVATE)
    except OSError as error:
        fail(f"{out}: cannot be written: {error.strerror}", exit_code=EXIT_NOT_DONE)
    if as_json:
        about = {"incident": number, "cameras": len(dossier.cameras), "from": iso(dossier.from_ms)}
        print_json(
            {"out": str(out), "bytes": len(content), **about, "to": iso(dossier.to_ms), "open": dossier.is_open}
        )
    else:
        say(f"{out}: {words('dossier.title', number=number)}, {len(content) / 1000:,.0f} kB")


def _load(connection: Connection, number: int) -> IncidentRecord | None:
    incident = incident_rows.load_incident(connection, number)
    if incident is None:
        return None
    return IncidentRecord(
        incident=incident,
        timeline=incident_rows.load_timeline(connection, number),
        requests=request_rows.load_requests(connection, number),
        sendings=outbox_search.sendings_of(connection, number),
        held=outbox_search.held_of(connection, number),
        decisions=[each for each in load_decisions(connection) if each.incident == number],
    )
