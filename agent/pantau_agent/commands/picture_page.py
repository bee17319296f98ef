"""Renders an explanation as one self-contained HTML page."""

import base64
import html

from pantau_agent.picture.explanation import Explanation
from pantau_contract.words import Words

STYLE = "body{font:16px sans-serif;margin:2em;max-width:80em}img{max-width:100%}td{padding:2px 12px 2px 0}"
"""The page's style sheet."""


def explanation_page(camera: str, explanation: Explanation, say: Words) -> str:
    """Return a page with the drawing, the verdict, and the evidence for each fault as bars, strongest first."""
    rows = "".join(
        f"<tr><td>{html.escape(fault)}</td>"
        f"<td><meter min=0 max=1 high=0.5 value={value:.3f}></meter></td><td>{value:.2f}</td>"
        f"<td>{html.escape(say.meaning(fault))}</td></tr>"
        for fault, value in sorted(explanation.evidence.items(), key=lambda item: -item[1])
    )
    cause = explanation.cause
    verdict = say.meaning(cause) if cause is not None else say("picture.nothing_wrong")
    name, jpeg = html.escape(camera), base64.b64encode(explanation.jpeg).decode()
    return (
        f"<!doctype html><meta charset=utf-8><title>{name}</title><style>{STYLE}</style>"
        f"<h1>{name}</h1><p><b>{html.escape(verdict)}</b></p><p>{html.escape(say.evidence(explanation.reason))}</p>"
        f'<img alt="{html.escape(say("picture.sides"))}" src="data:image/jpeg;base64,{jpeg}">'
        f"<p>{html.escape(say('picture.sides'))} {html.escape(say('picture.colours'))}</p><table>{rows}</table>\n"
    )
