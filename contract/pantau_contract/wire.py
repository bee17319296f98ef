"""Encodes messages to bytes, and decodes them with every check of the contract.

The first byte identifies a compressed payload: `1f` is gzip (RFC 1952) of the JSON; `78` is zlib (RFC 1950) with
the preset dictionary, of JSON by columns, which only telemetry uses.

Nobody who decodes can trust the sender. So each step is bounded before it is taken: the payload, what it
inflates to, the values of its JSON, and the samples and evidence that columns expand to. Texts become printable
lines.
"""

import gzip
import operator
import zlib
from typing import Protocol, TypeVar

import msgspec
from msgspec import structs

from pantau_contract.columns import TelemetryColumns, from_columns, to_columns
from pantau_contract.errors import ContractError
from pantau_contract.messages import (
    Birth,
    CameraState,
    Command,
    Death,
    Message,
    Receipt,
    Reply,
    Sample,
    Telemetry,
)
from pantau_contract.preset_dictionary import PRESET_DICTIONARY
from pantau_contract.printable import printable_line, printable_texts
from pantau_contract.states import CAUSES, STAND_INS, WIRE_NAMES
from pantau_contract.topics import Topic, TopicKind

MAX_PAYLOAD = 4 << 20
"""Bytes of the largest payload that is accepted; a site of 256 cameras needs a twentieth of it."""

MAX_INFLATED = 16 << 20
"""Bytes to which a compressed payload may expand."""

MAX_VALUES = 1 << 19
"""Values in the JSON of one message at most, nested ones included; 32 for each sample of the largest batch."""

_GZIP_MAGIC = b"\x1f\x8b"
_ZLIB_MAGIC = b"\x78"

_DECODERS: dict[TopicKind, msgspec.json.Decoder[Message]] = {
    TopicKind.AGENT: msgspec.json.Decoder(Birth | Death),
    TopicKind.TELEMETRY: msgspec.json.Decoder(Telemetry),
    TopicKind.STATE: msgspec.json.Decoder(CameraState),
    TopicKind.COMMAND: msgspec.json.Decoder(Command),
    TopicKind.REPLY: msgspec.json.Decoder(Reply),
    TopicKind.ACK: msgspec.json.Decoder(Receipt),
}

WithCause = TypeVar("WithCause", Sample, CameraState)

_columns_decoder = msgspec.json.Decoder(TelemetryColumns)
_encoder = msgspec.json.Encoder()


def encode(message: Message, *, compress: bool = False) -> bytes:
    """Return the message as JSON; with `compress` compressed, and telemetry by columns.

    Causes go under the names of `WIRE_NAMES`, or by their `STAND_INS`, so that collectors of earlier versions
    understand them.
    """
    message = _with_causes(message, _with_wire_name)
    if not compress:
        return _encoder.encode(message)
    if not isinstance(message, Telemetry):
        return gzip.compress(_encoder.encode(message), compresslevel=6, mtime=0)
    deflater = zlib.compressobj(level=9, memLevel=9, zdict=PRESET_DICTIONARY)
    return deflater.compress(_encoder.encode(to_columns(message))) + deflater.flush()


def decode(topic: Topic, payload: bytes) -> Message:
    """Return the message that arrived on `topic`, which is of any kind but `snapshot` (a JPEG).

    Raises:
        ContractError: the payload is too large, damaged or not JSON, a field is missing or of the wrong type (the
            text names its path), the site or camera is not the topic's, or there is no memory for it.
    """
    try:
        message = _decode(topic, payload)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ContractError(printable_line(str(error))) from None
    except RecursionError:
        raise ContractError("the message is nested too deeply") from None
    except MemoryError:
        raise ContractError("there is not enough memory for the message") from None
    for name, expected in (("site", topic.site), ("camera", topic.camera)):
        found = getattr(message, name, expected)
        if expected is not None and found != expected:
            raise ContractError(f"the {name} in the message, {found!r}, is not the topic's, {expected!r}")
    return _with_causes(message, _with_known_causes)


def _decode(topic: Topic, payload: bytes) -> Message:
    if topic.kind not in _DECODERS:
        raise ContractError(f"a {topic.kind} topic carries no JSON message")
    if len(payload) > MAX_PAYLOAD:
        raise ContractError(f"payload of {len(payload)} bytes is over the limit of {MAX_PAYLOAD}")
    by_columns = topic.kind is TopicKind.TELEMETRY and payload[:1] == _ZLIB_MAGIC
    if by_columns:
        payload = _inflate("zlib", payload, zlib.decompressobj(zdict=PRESET_DICTIONARY))
    elif payload[:2] == _GZIP_MAGIC:
        payload = _inflate("gzip", payload, zlib.decompressobj(wbits=31))
    _check_values(payload)
    message: Message | TelemetryColumns = (
        _columns_decoder.decode(payload) if by_columns else _DECODERS[topic.kind].decode(payload)
    )
    if not _is_printable(payload):
        message = printable_texts(message)
    if isinstance(message, TelemetryColumns):
        return from_columns(message)
    return message


def _check_values(payload: bytes) -> None:
    """Check that the JSON has no more than `MAX_VALUES` values, without decoding it.

    A value follows a comma or is the first of its list or object, so their number bounds that of the values.
    """
    if len(payload) <= MAX_VALUES:
        return
    values = sum(map(payload.count, (b",", b"[", b"{")))
    if values > MAX_VALUES:
        raise ContractError(f"the message has {values} values, over the limit of {MAX_VALUES}")


def _is_printable(payload: bytes) -> bool:
    """Return True if no text in the JSON can be anything but printable: it is ASCII without any escape."""
    return payload.isascii() and b"\\" not in payload and b"\x7f" not in payload


def _with_causes(message: Message, convert: "_Convert") -> Message:
    """Return the message with `convert` applied to everything in it that has a cause."""
    match message:
        case Telemetry(samples=samples):
            converted = tuple(map(convert, samples))
            unchanged = all(map(operator.is_, converted, samples))
            return message if unchanged else structs.replace(message, samples=converted)
        case CameraState():
            return convert(message)
        case Reply(sample=Sample() as sample):
            return structs.replace(message, sample=convert(sample))
        case _:
            return message


class _Convert(Protocol):
    def __call__(self, message: WithCause, /) -> WithCause: ...


def _with_wire_name(message: WithCause) -> WithCause:
    cause = message.cause
    if cause in STAND_INS:
        return structs.replace(message, cause=STAND_INS[cause], exact_cause=cause.value)
    return structs.replace(message, cause=WIRE_NAMES[cause]) if cause in WIRE_NAMES else message


def _with_known_causes(message: WithCause) -> WithCause:
    """Put the exact cause in the place of its stand-in, and leave out what this version does not know."""
    if message.exact_cause is not None:
        cause = CAUSES.get(message.exact_cause, message.cause)
        message = structs.replace(message, cause=cause, exact_cause=None)
    evidence = message.evidence if isinstance(message, Sample) else None
    if evidence is not None and not evidence.keys() <= CAUSES.keys():
        known = {cause: value for cause, value in evidence.items() if cause in CAUSES}
        message = structs.replace(message, evidence=known or None)
    return message


def _inflate(form: str, payload: bytes, inflater: "zlib._Decompress") -> bytes:
    try:
        inflated = inflater.decompress(payload, MAX_INFLATED)
    except zlib.error as error:
        raise ContractError(f"damaged {form} payload: {error}") from None
    if inflater.unconsumed_tail:
        raise ContractError(f"payload inflates to more than {MAX_INFLATED} bytes")
    if not inflater.eof:
        raise ContractError(f"{form} payload is cut short")
    return inflated
