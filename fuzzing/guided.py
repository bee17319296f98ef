"""Fuzzes guided by branch coverage, where atheris runs: `python -m fuzzing.guided --seconds 60`.

`fuzzing` damages input by chance; libFuzzer chooses the next input by the branches it has reached. Each target
runs in its own process for the given time, from the same valid input. A finding is printed with its trace, and its
input is left in the folder that is printed. Exit code 1 if anything was found, 2 if atheris is not installed.
"""

import argparse
import contextlib
import importlib
import importlib.util
import random
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

from rich.console import Console

SLOW_S = 5
"""Seconds above which one input is a finding; measuring coverage costs much of that time."""
MAX_INPUT = 64 << 10
"""Bytes of the longest input."""
MEMORY_MB = 1024
"""Megabytes of resident memory above which a target is a finding."""


def guided(name: str, options: list[str]) -> None:
    """Fuzz one target until libFuzzer ends the process."""
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["pantau_agent", "pantau_collector"]):
        targets = importlib.import_module("fuzzing.targets")
    target = next(target for target in targets.TARGETS if target.name == name)

    def attempt(data: bytes) -> None:
        with contextlib.suppress(*target.declared):
            target.run(data, random.Random(zlib.crc32(data)))

    atheris.Setup([sys.argv[0], *options], attempt)
    atheris.Fuzz()


def run(name: str, valid: list[bytes], seconds: int, folder: Path) -> subprocess.CompletedProcess[str]:
    """Fuzz one target in a process of its own, starting from the `valid` inputs."""
    corpus = folder / "corpus"
    corpus.mkdir(parents=True)
    for number, data in enumerate(valid):
        (corpus / str(number)).write_bytes(data)
    options = [f"-max_total_time={seconds}", f"-timeout={SLOW_S}", f"-max_len={MAX_INPUT}"]
    options += [f"-rss_limit_mb={MEMORY_MB}", f"-artifact_prefix={folder}/", str(corpus)]
    command = [sys.executable, "-m", "fuzzing.guided", "--target", name, "--", *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def main() -> int:
    """Fuzz each target, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m fuzzing.guided", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--target", help="only this one, with libFuzzer's own options after --")
    parser.add_argument("options", nargs="*", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if importlib.util.find_spec("atheris") is None:
        print("atheris is not installed: pip install atheris (Linux on x86-64)", file=sys.stderr)
        return 2
    if options.target is not None:
        guided(options.target, options.options)
    console, found = Console(), 0
    folder = Path(tempfile.mkdtemp(prefix="pantau-fuzz-"))
    for target in importlib.import_module("fuzzing.targets").TARGETS:
        ran = run(target.name, list(target.valid), options.seconds, folder / target.name.replace(" ", "-"))
        last = [line for line in ran.stderr.splitlines() if "cov:" in line][-1:]
        console.print(f"{target.name}: {last[0] if last else 'nothing was run'}", markup=False, soft_wrap=True)
        if ran.returncode:
            found += 1
            console.print(f"{ran.stdout}\n{ran.stderr[-4000:]}", markup=False, highlight=False, soft_wrap=True)
    console.print(f"{found} findings" + (f"; their inputs are in {folder}" if found else ""))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
