"""The file that a command writes at its end, with the rights with which it was called.

By then the command has given up root. So where it was root, a small process that stays root and handles nothing
else takes the content and writes it: `python -m pantau_agent.commands.output_file PATH`.
"""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

MAX_BYTES = 64 << 20
"""Bytes of the largest content that is taken."""
_COMMAND = (sys.executable, "-P", "-s", "-m", "pantau_agent.commands.output_file")


class OutputFile:
    """A file that is written by `write`, if at all. Enter it before root is given up; no `path` is no file."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        """The path as it was given."""
        self._writer: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        if self.path is not None and os.geteuid() == 0:
            # Arguments that begin with a dash cannot be meant: the path is absolute.
            self._writer = subprocess.Popen(  # noqa: S603 # our own program; the path is one argument
                [*_COMMAND, str(self.path.absolute())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ},
                start_new_session=True,
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._writer.communicate()

    def write(self, content: bytes) -> None:
        """Write the file.

        Raises:
            OSError: it cannot be written.
        """
        assert self.path is not None  # noqa: S101 # for the type checker: whoever writes has given a path
        if self._writer is None:
            write(self.path.absolute(), content)
            return
        answer, _ = self._writer.communicate(content)
        number = int(answer or b"5")  # it died: EIO
        if number:
            raise OSError(number, os.strerror(number))


def write(path: Path, content: bytes) -> None:
    """Write a file whose path is absolute, without being led elsewhere by symbolic or hard links of other users.

    Raises:
        OSError: it cannot be written.
    """
    directory = os.open("/", os.O_PATH | os.O_DIRECTORY)
    try:
        for part in path.parts[1:-1]:
            follow = 0 if _is_trusted(part, directory) else os.O_NOFOLLOW
            inner = os.open(part, os.O_PATH | os.O_DIRECTORY | follow, dir_fd=directory)
            os.close(directory)
            directory = inner
        file = os.open(path.name, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666, dir_fd=directory)
    finally:
        os.close(directory)
    with os.fdopen(file, "wb") as opened:
        status = os.fstat(file)
        if stat.S_ISREG(status.st_mode):
            if status.st_nlink > 1 and status.st_uid != os.geteuid():
                raise OSError(40, os.strerror(40))  # ELOOP, as for a symbolic link
            os.ftruncate(file, 0)
        opened.write(content)


def _is_trusted(name: str, directory: int) -> bool:
    """Return whether a symbolic link of that name belongs to root or to ourselves."""
    return os.stat(name, dir_fd=directory, follow_symlinks=False).st_uid in {0, os.geteuid()}


def main() -> None:
    """Write what comes by standard input, if anything, and answer with the number of the error or 0."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    content = sys.stdin.buffer.read(MAX_BYTES)
    number = 0
    if content:
        try:
            write(Path(sys.argv[1]), content)
        except OSError as error:
            number = error.errno or 5
    sys.stdout.write(str(number))


if __name__ == "__main__":
    main()
