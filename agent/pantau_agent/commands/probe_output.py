"""What `probe` prints about one camera: a table for people, or JSON for programs."""

import io
import json
import shutil
import sys
from typing import Any

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from pantau_agent.identity.firmware import Identity, warning_of
from pantau_contract.messages import Sample
from pantau_contract.states import State
from pantau_contract.words import Words

COLOURS = {
    State.OK: "bold green",
    State.DEGRADED: "bold yellow",
    State.IMPAIRED: "bold yellow",
    State.DOWN: "bold red",
}
"""Rich style of each state."""
_MAX_COLUMNS = 110
"""Width of the output in columns, or of the terminal if that is narrower."""


def json_text(sample: Sample, identity: Identity | None, say: Words) -> str:
    """Return one JSON object. It always has every key; null is unknown or not applicable."""
    return json.dumps(fields(sample, identity, say), indent=2, ensure_ascii=False) + "\n"


def fields(sample: Sample, identity: Identity | None, say: Words) -> dict[str, Any]:
    """Return the fields of that object."""
    warning = warning_of(identity.vendor, identity.model, identity.firmware) if identity is not None else None
    return {
        "state": sample.state,
        "cause": sample.cause,
        "detail": sample.detail,
        "remedy": say.remedy(sample.cause) if sample.cause is not None else None,
        "codec": sample.codec,
        "transport": sample.transport,
        "width": sample.width,
        "height": sample.height,
        "fps": sample.fps,
        "bitrate_kbps": sample.bitrate_kbps,
        "keyframe_interval_s": sample.keyframe_interval_s,
        "rtp_loss_pct": sample.rtp_loss_pct,
        "jitter_ms": sample.jitter_ms,
        "connect_ms": sample.connect_ms,
        "first_packet_ms": sample.first_packet_ms,
        "first_keyframe_ms": sample.first_keyframe_ms,
        "clock_offset_s": sample.clock_offset_s,
        "picture_unseen": sample.picture_unseen,
        "model": identity.model if identity is not None else None,
        "firmware": identity.firmware if identity is not None else None,
        "firmware_status": warning.status if warning is not None else None,
        "firmware_why": warning.why if warning is not None else None,
        "firmware_source": warning.source if warning is not None else None,
    }


def table(sample: Sample, identity: Identity | None, identity_problem: str, say: Words) -> str:
    """Return a table of a few lines, coloured for a terminal.

    `identity_problem` is why the camera did not report what it is.
    """
    firmware = firmware_text(identity, say) or (Text(say.evidence(identity_problem)) if identity_problem else None)
    unseen = Text(say.evidence(sample.picture_unseen), style="bold yellow") if sample.picture_unseen else None
    rows = [*state_rows(sample, say), ("unseen", unseen), *figure_rows(sample), ("firmware", firmware)]
    return rendered(grid(rows, say))


Row = tuple[str, Text | str | None]
"""A label's key in `[probe]` and its value; a row without a value is left out."""


def state_rows(sample: Sample, say: Words) -> list[Row]:
    """Return the state, the cause and what to do."""
    state = Text(say.state(sample.state), style=COLOURS.get(sample.state, "bold"))
    if sample.cause is None:
        return [("state", state)]
    state.append(f"  {sample.cause}", style="not bold")
    return [
        ("state", state),
        ("meaning", say.meaning(sample.cause)),
        ("evidence", say.evidence(sample.detail) or None),
        ("remedy", Text(say.remedy(sample.cause), style="bold")),
    ]


def figure_rows(sample: Sample) -> list[Row]:
    """Return the measured figures."""
    return [
        ("stream", stream_text(sample)),
        ("fps", formatted(sample.fps, "{:.1f}")),
        ("bitrate", formatted(sample.bitrate_kbps, "{:.0f} kbit/s")),
        ("keyframe_interval", formatted(sample.keyframe_interval_s, "{:.2f} s")),
        ("loss", formatted(sample.rtp_loss_pct, "{:.2f} %")),
        ("jitter", formatted(sample.jitter_ms, "{:.1f} ms")),
        ("connect", formatted(sample.connect_ms, "{:.0f} ms")),
        ("first_packet", formatted(sample.first_packet_ms, "{:.0f} ms")),
        ("first_keyframe", formatted(sample.first_keyframe_ms, "{:.0f} ms")),
        ("clock", formatted(sample.clock_offset_s, "{:+.1f} s")),
    ]


def firmware_text(identity: Identity | None, say: Words) -> Text | None:
    """Return the model and firmware, with any warning about that firmware."""
    if identity is None:
        return None
    text = Text(" ".join(part for part in (identity.model, identity.firmware) if part))
    warning = warning_of(identity.vendor, identity.model, identity.firmware)
    if warning is not None:
        why = " ".join(warning.why.split())
        text.append(f"\n{say(f'discover.{warning.status}')}: {why} ({warning.source})", style="bold yellow")
    return text


def grid(rows: list[Row], say: Words) -> Table:
    """Return a table of labels on the left and values on the right."""
    layout = Table.grid(padding=(0, 2))
    layout.add_column(style="dim", no_wrap=True)
    layout.add_column()
    for name, value in rows:
        if value is not None:
            layout.add_row(say(f"probe.{name}"), value if isinstance(value, Text) else Text(value))
    return layout


def rendered(renderable: RenderableType) -> str:
    """Return the text, no wider than the terminal, and coloured if standard output is one."""
    text = io.StringIO()
    terminal = sys.stdout.isatty()
    width = min(shutil.get_terminal_size().columns, _MAX_COLUMNS) if terminal else _MAX_COLUMNS
    Console(file=text, force_terminal=terminal, width=width, highlight=False).print(renderable)
    return "".join(f"{line.rstrip()}\n" for line in text.getvalue().splitlines())


def stream_text(sample: Sample) -> str | None:
    """Return codec, size and transport, or None if the codec is unknown."""
    if sample.codec is None:
        return None
    size = f"{sample.width}x{sample.height}" if sample.width and sample.height else None
    return " ".join(part for part in (sample.codec, size, sample.transport) if part)


def formatted(value: float | None, template: str) -> str | None:
    """Return the value in this template, or None if there is none."""
    return None if value is None else template.format(value)
