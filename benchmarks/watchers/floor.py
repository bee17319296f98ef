"""Plays each camera's video, then becomes a loop in C that only receives: the floor of what watching can cost."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.plain_session import play

SOURCE = Path(__file__).with_name("receive.c")
"""The loop."""


def compile_loop(directory: Path) -> Path | None:
    """Compile the loop into `directory` and return the program, or None if there is no C compiler.

    Raises:
        subprocess.CalledProcessError: the compiler does not accept it.
    """
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    program = directory / "receive"
    subprocess.run([compiler, "-O2", "-o", str(program), str(SOURCE)], check=True)
    return program


def main(program: str, urls: list[str]) -> None:
    """Play all cameras, and replace this process by `program`, which inherits the connections."""
    connections = [play(url) for url in urls]
    for connection in connections:
        connection.setblocking(False)
        connection.set_inheritable(True)
    os.execv(program, [program, *(str(connection.fileno()) for connection in connections)])


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
