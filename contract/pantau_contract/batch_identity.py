"""Identifies a batch by the first bytes of its payload, without decoding the rest of it.

So a batch that the collector cannot take can still be acknowledged, at a cost that its sender does not set.
"""

import re
import zlib

from pantau_contract.preset_dictionary import PRESET_DICTIONARY

_HEAD_BYTES = 1024
"""Bytes that are looked at, after inflating."""
_HEAD = re.compile(
    rb'\s*\{"site":"(?P<site>[a-z0-9][a-z0-9_-]{0,62})","boot":"(?P<boot>[\x20\x21\x23-\x5b\x5d-\x7e]{0,400})"'
    rb',"seq":(?P<seq>0|[1-9][0-9]{0,14})[,}]'
)
"""How every agent's telemetry begins, in rows and in columns: fields are written in the order of `Telemetry`."""


def identify_batch(payload: bytes) -> tuple[str, str, int] | None:
    """Return `(site, boot, seq)` of a telemetry payload, or None if it does not begin as an agent writes it."""
    if payload[:1] == b"\x78":
        inflater = zlib.decompressobj(zdict=PRESET_DICTIONARY)
    elif payload[:2] == b"\x1f\x8b":
        inflater = zlib.decompressobj(wbits=31)
    else:
        inflater = None
    try:
        head = (
            payload[:_HEAD_BYTES] if inflater is None else inflater.decompress(payload[:_HEAD_BYTES], _HEAD_BYTES)
        )
    except zlib.error:
        return None
    found = _HEAD.match(head)
    return None if found is None else (found["site"].decode(), found["boot"].decode(), int(found["seq"]))
