"""A shell at a terminal, as a person has it: it runs lines, and answers what they ask."""

import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path


class Terminal:
    """A bash; `answers` are what is typed, by what a program asks (a regular expression)."""

    def __init__(
        self, command: list[str], folder: Path, environment: Mapping[str, str], answers: Mapping[str, str]
    ) -> None:
        self._answers = {re.compile(pattern): answer for pattern, answer in answers.items()}
        ours, theirs = pty.openpty()
        self._terminal = ours
        self._process = subprocess.Popen(
            [*command, "bash", "--norc", "--noprofile"],
            cwd=folder,
            env={**environment, "PS1": "", "TERM": "dumb"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=_take_the_terminal,  # noqa: PLW1509 # the tests have one thread
        )
        os.close(theirs)
        self.run("stty -echo")

    def run(self, line: str, within_s: float = 900) -> tuple[int, str]:
        """Type a line, and return its status and what was printed.

        Raises:
            TimeoutError: it has not ended in time; the text is what it printed until then.
        """
        # One line, so that a program that reads what is typed does not take the question for its own.
        os.write(self._terminal, f"{line}\n".encode())
        asked = False
        output, seen = "", 0
        end = time.monotonic() + within_s
        while time.monotonic() < end:
            if select.select([self._terminal], [], [], 0.5)[0]:
                output += os.read(self._terminal, 65536).decode(errors="replace").replace("\r", "")
            if found := re.search(r"ended with (\d+)\n", output):
                return int(found[1]), output[: found.start()]
            for pattern, answer in self._answers.items():
                if match := pattern.search(output, seen):
                    seen = match.end()
                    os.write(self._terminal, answer.encode())
            if not asked and self._is_at_the_prompt():
                os.write(self._terminal, b"echo ended with $?\n")
                asked = True
        raise TimeoutError(f"{line}: not within {within_s} s: {output}")

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        os.close(self._terminal)

    def _is_at_the_prompt(self) -> bool:
        """Return True if the shell itself reads from the terminal, and no program that it started."""
        return os.tcgetpgrp(self._terminal) == os.getpgid(self._process.pid)


def _take_the_terminal() -> None:
    import fcntl  # noqa: PLC0415 # in the child
    import termios  # noqa: PLC0415

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
