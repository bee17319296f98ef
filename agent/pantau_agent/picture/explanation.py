"""The file in which the running agent explains one picture to a person."""

from pathlib import Path

import msgspec
from msgspec import Struct

from pantau_contract.states import Cause
from pantau_contract.words.evidence import Detail


class Explanation(Struct, frozen=True):
    """The confirmed `cause`, the `evidence` of this one picture, and the JPEG of `explanation_image`."""

    cause: Cause | None
    evidence: dict[str, float]
    reason: Detail
    jpeg: bytes

    def write(self, path: Path) -> None:
        """Write it to a file.

        Raises:
            OSError: it cannot be written.
        """
        path.write_bytes(msgspec.msgpack.encode(self))


def read(path: Path) -> Explanation:
    """Read an explanation from a file.

    Raises:
        OSError: it cannot be read.
        msgspec.DecodeError: it holds something else.
    """
    return msgspec.msgpack.decode(path.read_bytes(), type=Explanation)
