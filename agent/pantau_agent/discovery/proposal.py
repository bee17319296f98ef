"""What is proposed for `agent.toml`: a block for each camera that was found. Pure.

All that a device says of itself is somebody else's text: it goes on one line, quoted or behind a `#`.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from pantau_agent.discovery.survey import Channel, Found, Stream
from pantau_contract.words import Words


def toml(found: Found, user: str | None, say: Words) -> str:
    """The `[[camera]]` blocks of a device, one for each channel; only a remark where no stream is known."""
    lines = [f"# {_told(found)}"]
    if found.name:
        lines.append(f"# {say('discover.name')}: {_line(found.name)}")
    if found.warning is not None:
        lines.append(
            f"# {say(f'discover.{found.warning.status}')}: {_line(found.warning.why)} ({found.warning.source})"
        )
    if found.problem:
        lines.append(f"# {say('discover.problem')}: {_line(say.evidence(found.problem))}")
    if not found.channels:
        lines.append(f"# {say('discover.no_stream')}")
    elif found.guessed:
        lines.append(f"# {say('discover.guessed')}")
    for number, channel in enumerate(found.channels, 1):
        lines += _block(found, channel, number, user, say)
    return "\n".join(lines) + "\n"


def fields(found: Found) -> dict[str, Any]:
    """The same for programs."""
    return {
        "host": found.host,
        "name": found.name,
        "manufacturer": found.manufacturer,
        "vendor": found.vendor,
        "model": found.model,
        "firmware": found.firmware,
        "firmware_status": found.warning.status if found.warning is not None else None,
        "firmware_why": found.warning.why if found.warning is not None else None,
        "firmware_source": found.warning.source if found.warning is not None else None,
        "channels": [
            {"main": _stream(channel.main), "sub": _stream(channel.sub), "still": channel.still}
            for channel in found.channels
        ],
        "guessed": found.guessed,
        "problem": found.problem,
    }


def _told(found: Found) -> str:
    maker = found.manufacturer or found.vendor or ""
    what = " ".join(_line(part) for part in (maker, found.model) if part) or "?"
    return f"{found.host}: {what}" + (f", firmware {_line(found.firmware)}" if found.firmware else "")


def _block(found: Found, channel: Channel, number: int, user: str | None, say: Words) -> Iterator[str]:
    several = len(found.channels) > 1
    watched = channel.sub or channel.main
    assert watched is not None  # noqa: S101 # for the type checker: a channel has a stream
    for name, stream in (("main", channel.main), ("sub", channel.sub)):
        if stream is not None and stream is not watched:
            yield f"# {name}: {_size(stream)}"
    if channel.still is not None:
        yield f"# {say('discover.still')}: {_line(channel.still)}"
    yield "[[camera]]"
    yield f'id = "{_slug(found.host)}{f"-{number}" if several else ""}"  # {say("discover.choose_id")}'
    if found.vendor is not None:
        yield f"vendor = {_quoted(found.vendor)}"
    yield f"url = {_quoted(watched.url)}" + (f"  # {_size(watched, url=False)}" if watched.encoding else "")
    if user is not None:
        yield f"user = {_quoted(user)}  # {say('discover.password')}"


def _size(stream: Stream, *, url: bool = True) -> str:
    size = f"{stream.width}x{stream.height}" if stream.width and stream.height else ""
    return " ".join(part for part in (_line(stream.url) if url else "", _line(stream.encoding), size) if part)


def _stream(stream: Stream | None) -> dict[str, Any] | None:
    if stream is None:
        return None
    return {"url": stream.url, "encoding": stream.encoding, "width": stream.width, "height": stream.height}


def _slug(host: str) -> str:
    return "cam-" + re.sub(r"[^a-z0-9]+", "-", host.lower()).strip("-")[:50]


def _line(text: str) -> str:
    return "".join(character for character in " ".join(text.split()) if character.isprintable())


def _quoted(text: str) -> str:
    """A basic string of TOML: JSON's escapes are among TOML's."""
    return json.dumps(_line(text), ensure_ascii=False)
