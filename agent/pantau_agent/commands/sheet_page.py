"""Renders the page of `pantau-agent sheet`: one self-contained HTML file, for A4."""

import base64
import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pantau_contract.messages import Sample
from pantau_contract.printable import printable_line
from pantau_contract.states import State
from pantau_contract.words import Words

_STYLE = (
    "@page{size:A4;margin:12mm}body{font:13px sans-serif;margin:0 auto;max-width:190mm;color:#000;background:#fff}"
    "h1{font-size:22px;margin:0 0 4px}table{border-collapse:collapse;width:100%}"
    "td,th{border:1px solid #999;padding:4px 6px;text-align:left;vertical-align:top}tr{break-inside:avoid}"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 12px;margin:8px 0}dt{color:#555}dd{margin:0}"
    ".call{font-size:16px;border:2px solid #000;padding:6px 10px;margin:8px 0}img{width:42mm;display:block}"
)
_MAX_TEXT = 400
"""Characters of a text at most."""


@dataclass(frozen=True, slots=True)
class CameraRow:
    """What the page shows of one camera: `sample` and `jpeg` of now, or `failed`: why nothing is known of it."""

    id: str
    name: str
    address: str
    model: str
    enabled: bool
    sample: Sample | None = None
    failed: str = ""
    jpeg: bytes | None = None


def sheet_page(facts: Mapping[str, str], call: Sequence[str], rows: Sequence[CameraRow], say: Words) -> str:
    """Return the page; `facts` are values by their keys in `[sheet]`."""
    listed = "".join(f"<dt>{_safe(say(f'sheet.{key}'))}<dd>{_safe(value)}" for key, value in facts.items())
    people = "<br>".join(map(_safe, call)) or "&nbsp;" * 60
    heads = "".join(f"<th>{_safe(say(f'sheet.{key}'))}" for key in ("camera", "address", "state", "picture"))
    body = "".join(_row(row, say) for row in rows)
    title = _safe(facts["site"])
    return (
        f"<!doctype html><html lang={say.language}><meta charset=utf-8><title>{title}</title>"
        f"<style>{_STYLE}</style>"
        f"<h1>{title}</h1><div class=call><b>{_safe(say('sheet.call'))}:</b> {people}</div><dl>{listed}</dl>"
        f"<table><tr>{heads}</tr>{body}</table><p>{_safe(say('sheet.try'))}\n"
    )


def _row(row: CameraRow, say: Words) -> str:
    name = f"<b>{_safe(row.name or row.id)}</b><br>{_safe(row.id)}" + (
        f"<br>{_safe(row.model)}" if row.model else ""
    )
    picture = ""
    if row.jpeg is not None:
        picture = f'<img alt="" src="data:image/jpeg;base64,{base64.b64encode(row.jpeg).decode()}">'
    return f"<tr><td>{name}<td>{_safe(row.address)}<td>{_state(row, say)}<td>{picture}</tr>"


def _state(row: CameraRow, say: Words) -> str:
    if not row.enabled:
        return _safe(say.state(State.DISABLED))
    if row.sample is None:
        return _safe(say.evidence(row.failed))
    text = f"<b>{_safe(say.state(row.sample.state))}</b>"
    if row.sample.cause is not None:
        text += f"<br>{_safe(say.meaning(row.sample.cause))}<br>{_safe(say.remedy(row.sample.cause))}"
    return text


def _safe(text: str) -> str:
    """Return text fit for HTML: cameras and people have written some of it."""
    return html.escape(printable_line(text, _MAX_TEXT))
