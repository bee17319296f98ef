"""Renders what is proposed for `agent.toml`: a block for each camera that was found. No input or output.

Everything that a device reports about itself is untrusted text: it goes on one line, quoted or after a `#`.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from pantau_agent.discovery.survey import DiscoveredChannel, DiscoveredDevice, DiscoveredStream
from pantau_contract.printable import printable_line
from pantau_contract.words import Words


def toml(found: DiscoveredDevice, user: str | None, say: Words) -> str:
    """Return the `[[camera]]` blocks of a device, one per channel, or only a comment if no stream is known."""
    lines = [f"# {_summary(found)}"]
    if found.name:
        lines.append(f"# {say('discover.name')}: {_one_line(found.name)}")
    if found.warning is not None:
        lines.append(
            f"# {say(f'discover.{found.warning.status}')}: {_one_line(found.warning.why)} ({found.warning.source})"
        )
    if found.problem:
        lines.append(f"# {say('discover.problem')}: {_one_line(say.evidence(found.problem))}")
    if not found.channels:
        lines.append(f"# {say('discover.no_stream')}")
    elif found.guessed:
        lines.append(f"# {say('discover.guessed')}")
    for position, channel in enumerate(found.channels, 1):
        lines += _block(found, channel, channel.number or position, user, say)
    return "\n".join(lines) + "\n"


def fields(found: DiscoveredDevice) -> dict[str, Any]:
    """Return the same as plain values, for programs."""
    return {
        "host": found.host,
        "port": found.port or None,
        "name": found.name,
        "manufacturer": found.manufacturer,
        "vendor": found.vendor,
        "model": found.model,
        "firmware": found.firmware,
        "firmware_status": found.warning.status if found.warning is not None else None,
        "firmware_why": found.warning.why if found.warning is not None else None,
        "firmware_source": found.warning.source if found.warning is not None else None,
        "channels": [
            {"main": _stream_fields(channel.main), "sub": _stream_fields(channel.sub), "still": channel.still}
            for channel in found.channels
        ],
        "guessed": found.guessed,
        "in_clear": found.in_clear,
        "problem": found.problem,
    }


def _summary(found: DiscoveredDevice) -> str:
    maker = found.manufacturer or found.vendor or ""
    device = " ".join(_one_line(part) for part in (maker, found.model) if part) or "?"
    return f"{found.host}: {device}" + (f", firmware {_one_line(found.firmware)}" if found.firmware else "")


def _block(
    found: DiscoveredDevice, channel: DiscoveredChannel, number: int, user: str | None, say: Words
) -> Iterator[str]:
    suffix = f"-{number}" if len(found.channels) > 1 or number > 1 else ""
    port = f"-{found.port}" if found.port else ""
    watched = channel.sub or channel.main
    assert watched is not None  # noqa: S101 # for the type checker: a channel has a stream
    for name, stream in (("main", channel.main), ("sub", channel.sub)):
        if stream is not None and stream is not watched:
            yield f"# {name}: {_stream_text(stream)}"
    if channel.still is not None:
        yield f"# {say('discover.still')}: {_one_line(channel.still)}"
    yield "[[camera]]"
    yield f'id = "{_slug(found.host)}{port}{suffix}"  # {say("discover.choose_id")}'
    if found.vendor is not None:
        yield f"vendor = {_toml_string(found.vendor)}"
    yield f"url = {_toml_string(watched.url)}" + (
        f"  # {_stream_text(watched, url=False)}" if watched.encoding else ""
    )
    if user is not None:
        yield f"user = {_toml_string(user)}  # {say('discover.password')}"
    if found.in_clear:
        yield f"# allow_basic = true  # {say('discover.in_clear')}"


def _stream_text(stream: DiscoveredStream, *, url: bool = True) -> str:
    size = f"{stream.width}x{stream.height}" if stream.width and stream.height else ""
    return " ".join(
        part for part in (_one_line(stream.url) if url else "", _one_line(stream.encoding), size) if part
    )


def _stream_fields(stream: DiscoveredStream | None) -> dict[str, Any] | None:
    if stream is None:
        return None
    return {"url": stream.url, "encoding": stream.encoding, "width": stream.width, "height": stream.height}


def _slug(host: str) -> str:
    return "cam-" + re.sub(r"[^a-z0-9]+", "-", host.lower()).strip("-")[:50]


def _one_line(text: str) -> str:
    return printable_line(" ".join(text.split()))


def _toml_string(text: str) -> str:
    """Return a TOML basic string: JSON's escapes are a subset of TOML's."""
    return json.dumps(_one_line(text), ensure_ascii=False)
