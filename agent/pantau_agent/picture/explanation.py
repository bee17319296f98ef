"""What the running agent says of one picture beside the remembered view, on its way to a person."""

from pathlib import Path

import msgspec
from msgspec import Struct

from pantau_contract.states import Cause
from pantau_contract.words.evidence import Detail


class Explanation(Struct, frozen=True):
    """`cause` is what stands, `evidence` of the one picture, `jpeg` the drawing of `views.explain`."""

    cause: Cause | None
    evidence: dict[str, float]
    reason: Detail
    jpeg: bytes

    def write(self, path: Path) -> None:
        """Keeps it as a file.

        Raises:
            OSError: it cannot be written.
        """
        path.write_bytes(msgspec.msgpack.encode(self))


def read(path: Path) -> Explanation:
    """What was kept.

    Raises:
        OSError: it cannot be read.
        msgspec.DecodeError: it is something else.
    """
    return msgspec.msgpack.decode(path.read_bytes(), type=Explanation)
