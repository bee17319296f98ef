"""Fetches the wheels of a lock for another machine into one archive, on the computer that runs Ansible."""  # noqa: INP001 # a program

import argparse
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

_GLIBC_MINORS = range(28, 16, -1)
"""glibc 2.17 to 2.28: Debian 12 has 2.36, and the locks are checked for wheels of these."""


def download_command(lock: Path, python: str, machine: str, target: Path) -> list[str]:
    """Return the pip command that fetches every file of `lock`, wheels alone, each by its hash."""
    platforms = [f"--platform=manylinux_2_{minor}_{machine}" for minor in _GLIBC_MINORS]
    return [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"),
        *("--only-binary", ":all:", "--implementation", "cp", "--python-version", python),
        *platforms,
        *(f"--platform=manylinux2014_{machine}", f"--platform=linux_{machine}"),
        *("--dest", str(target), "--requirement", str(lock)),
    ]


def fetch(lock: Path, python: str, machine: str, archive: Path) -> None:
    """Write the archive, whole or not at all.

    Raises:
        subprocess.CalledProcessError: a file cannot be had, or is not what the lock says.
    """
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=archive.parent) as folder:
        wheels, unfinished = Path(folder, "wheels"), Path(folder, "archive")
        wheels.mkdir()
        subprocess.run(download_command(lock, python, machine, wheels), check=True)  # noqa: S603 # a list
        with tarfile.open(unfinished, "w") as tar:
            for wheel in sorted(wheels.iterdir()):
                tar.add(wheel, wheel.name)
            # The last to be unpacked: what was broken off has none.
            tar.add(lock, "complete")
        shutil.move(unfinished, archive)


def main() -> int:
    """Read the arguments and fetch; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lock", type=Path, required=True, help="the file of versions and hashes")
    parser.add_argument("--python", required=True, help="the other machine's Python, as 3.11.2")
    parser.add_argument("--machine", required=True, help="what `uname -m` says there, as aarch64")
    parser.add_argument("--archive", type=Path, required=True, help="the archive to write")
    arguments = parser.parse_args()
    python = ".".join(arguments.python.split(".")[:2])
    try:
        fetch(arguments.lock, python, arguments.machine, arguments.archive)
    except subprocess.CalledProcessError as error:
        sys.stderr.write(f"pip cannot fetch {arguments.lock} for Python {python} on {arguments.machine}\n")
        return error.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
