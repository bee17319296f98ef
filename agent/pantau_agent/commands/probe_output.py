"""What `probe` prints: a table for people, or JSON for programs."""

import io
import json
import shutil
import sys

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pantau_contract.messages import Sample
from pantau_contract.states import State
from pantau_contract.words import Language, words

_COLOURS = {
    State.OK: "bold green",
    State.DEGRADED: "bold yellow",
    State.IMPAIRED: "bold yellow",
    State.DOWN: "bold red",
}
_WIDEST = 110


def json_text(sample: Sample, language: Language) -> str:
    """One object. Its keys are always all there; null is not known, or nothing to say."""
    fields = {
        "state": sample.state,
        "cause": sample.cause,
        "detail": sample.detail,
        "remedy": words(language).remedy(sample.cause) if sample.cause is not None else None,
        "codec": sample.codec,
        "width": sample.width,
        "height": sample.height,
        "fps": sample.fps,
        "bitrate_kbps": sample.bitrate_kbps,
        "keyframe_interval_s": sample.keyframe_interval_s,
        "rtp_loss_pct": sample.rtp_loss_pct,
        "jitter_ms": sample.jitter_ms,
        "connect_ms": sample.connect_ms,
        "first_keyframe_ms": sample.first_keyframe_ms,
    }
    return json.dumps(fields, indent=2, ensure_ascii=False) + "\n"


def table(sample: Sample, language: Language) -> str:
    """A few lines, coloured where they go to a terminal."""
    say = words(language)
    state = Text(say.state(sample.state), style=_COLOURS.get(sample.state, "bold"))
    if sample.cause is not None:
        state.append(f"  {sample.cause}", style="not bold")
    rows: list[tuple[str, Text | str | None]] = [("state", state)]
    if sample.cause is not None:
        rows += [("meaning", say.meaning(sample.cause)), ("evidence", sample.detail or None)]
        rows += [("remedy", Text(say.remedy(sample.cause), style="bold"))]
    rows += [
        ("stream", _stream(sample)),
        ("fps", _number(sample.fps, "{:.1f}")),
        ("bitrate", _number(sample.bitrate_kbps, "{:.0f} kbit/s")),
        ("keyframe_interval", _number(sample.keyframe_interval_s, "{:.2f} s")),
        ("loss", _number(sample.rtp_loss_pct, "{:.2f} %")),
        ("jitter", _number(sample.jitter_ms, "{:.1f} ms")),
        ("connect", _number(sample.connect_ms, "{:.0f} ms")),
        ("first_keyframe", _number(sample.first_keyframe_ms, "{:.0f} ms")),
    ]
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column()
    for name, value in rows:
        if value is not None:
            grid.add_row(say(f"probe.{name}"), value if isinstance(value, Text) else Text(value))
    text = io.StringIO()
    terminal = sys.stdout.isatty()
    width = min(shutil.get_terminal_size().columns, _WIDEST) if terminal else _WIDEST
    Console(file=text, force_terminal=terminal, width=width, highlight=False).print(grid)
    return "".join(f"{line.rstrip()}\n" for line in text.getvalue().splitlines())


def _stream(sample: Sample) -> str | None:
    if sample.codec is None:
        return None
    size = f"{sample.width}x{sample.height}" if sample.width and sample.height else None
    return " ".join(part for part in (sample.codec, size, sample.transport) if part)


def _number(value: float | None, form: str) -> str | None:
    return None if value is None else form.format(value)
