"""Files that FFmpeg reads and the agent fetches. They can be read only forwards.

No error is raised into FFmpeg, which does not expect any there: a file that cannot be had, or comes too late, is
at its end, and `RemoteFiles.problem` says why.
"""

import ctypes
import itertools
import queue
import time
from collections.abc import Callable, Mapping

import av.container.core

from pantau_agent.ffmpeg.exchange import Done, Fetch, More, Piece
from pantau_contract.words.evidence import NO_DETAIL, Detail, detail

BLOCK = 16
"""Octets of a block of AES."""
ENCRYPTED = "crypto"
"""Begins the URL of an encrypted segment: `crypto+https://...` (libavformat, hls.c)."""


class RemoteFile:
    """One file. `wait_s` returns how long to wait for the next piece of it."""

    def __init__(
        self, number: int, send: Callable[[More | Done], None], wait_s: Callable[[], float], files: "RemoteFiles"
    ) -> None:
        self.pieces: queue.SimpleQueue[Piece] = queue.SimpleQueue()
        self._number = number
        self._send = send
        self._wait_s = wait_s
        self._files = files
        self._rest = b""
        self._ended = False

    def read(self, size: int) -> bytes:
        """Return at most that many bytes; none at the end."""
        if not self._rest and not self._ended:
            self._rest = self._next()
        piece, self._rest = self._rest[:size], self._rest[size:]
        return piece

    def close(self) -> None:
        """Say that no more of it is needed."""
        self._ended = True
        self._files.forget(self._number)
        self._send(Done(self._number))

    def _next(self) -> bytes:
        self._send(More(self._number))
        try:
            piece = self.pieces.get(timeout=max(0.01, self._wait_s()))
        except queue.Empty:
            self._ended = True
            return b""
        if not piece.data:
            self._ended = True
            self._files.problem = piece.problem or self._files.problem
        return piece.data


class DecryptedFile:
    """A file that is encrypted by AES-128 in CBC mode, padded by PKCS #7 (RFC 8216, section 5.2)."""

    def __init__(self, file: RemoteFile, key: bytes, start: bytes) -> None:
        self._file = file
        self._aes = Aes(key, start)
        self._encrypted = b""
        self._plain = b""
        self._ended = False

    def read(self, size: int) -> bytes:
        """Return at most that many bytes; none at the end."""
        while not self._plain and not self._ended:
            piece = self._file.read(1 << 16)
            self._encrypted += piece
            self._ended = not piece
            whole = len(self._encrypted) // BLOCK * BLOCK
            # the last block has the padding, and is known to be the last one only at the end
            ready = whole if self._ended else max(0, whole - BLOCK)
            self._plain = self._aes.decrypt(self._encrypted[:ready])
            self._encrypted = self._encrypted[ready:]
            if self._ended and self._plain and self._plain[-1] <= BLOCK:
                self._plain = self._plain[: -self._plain[-1] or None]
        piece, self._plain = self._plain[:size], self._plain[size:]
        return piece

    def close(self) -> None:
        """Say that no more of it is needed."""
        self._file.close()


class Aes:
    """AES-128 in CBC mode by FFmpeg's own libavutil (aes.h), which the reader has loaded anyway."""

    def __init__(self, key: bytes, start: bytes) -> None:
        self._library = ctypes.CDLL(av.container.core.__file__)
        self._library.av_aes_alloc.restype = ctypes.c_void_p
        self._context = ctypes.c_void_p(self._library.av_aes_alloc())
        self._vector = ctypes.create_string_buffer(start, BLOCK)
        self._library.av_aes_init(self._context, key, 128, 1)

    def decrypt(self, blocks: bytes) -> bytes:
        """Return whole blocks decrypted."""
        plain = ctypes.create_string_buffer(len(blocks))
        self._library.av_aes_crypt(self._context, plain, blocks, len(blocks) // BLOCK, self._vector, 1)
        return plain.raw

    def __del__(self) -> None:
        self._library.av_free(self._context)


class RemoteFiles:
    """All files of one stream. `problem` is why the latest file ended early, if one did.

    `opening_until` is when (monotonic) the time to open the stream is over; None once it is open.
    """

    def __init__(
        self, send: Callable[[Fetch | More | Done], None], timeout_s: float, read_timeout_s: float
    ) -> None:
        self.problem: Detail = NO_DETAIL
        self.opening_until: float | None = time.monotonic() + timeout_s
        self._send = send
        self._read_timeout_s = read_timeout_s
        self._numbers = itertools.count(1)
        self._open: dict[int, RemoteFile] = {}

    def open(self, url: str, _flags: int, options: Mapping[str, str]) -> RemoteFile | DecryptedFile:
        """Open a file for FFmpeg (`io_open` of PyAV)."""
        encrypted = url.startswith(ENCRYPTED)
        number = next(self._numbers)
        file = self._open[number] = RemoteFile(number, self._send, self._wait_s, self)
        self._send(Fetch(number, url[len(ENCRYPTED) + 1 :] if encrypted else url))
        if not encrypted:
            return file
        try:
            key, start = (bytes.fromhex(options[name]) for name in ("key", "iv"))
        except (KeyError, ValueError):
            key = start = b""
        if len(key) != BLOCK or len(start) != BLOCK:
            self.problem = detail("bad_key")
            key = start = bytes(BLOCK)
        return DecryptedFile(file, key, start)

    def deliver(self, piece: Piece) -> None:
        """Pass on a piece that came. Called by another thread than `open`."""
        file = self._open.get(piece.file)
        if file is not None:
            file.pieces.put(piece)

    def forget(self, number: int) -> None:
        """Forget a file that is closed."""
        self._open.pop(number, None)

    def _wait_s(self) -> float:
        if self.opening_until is None:
            return self._read_timeout_s
        return self.opening_until - time.monotonic()
