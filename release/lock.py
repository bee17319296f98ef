"""Pins every dependency, with hashes, in `locks/`: `python -m release.lock` (`make lock`).

`dev.txt` is resolved first, and the others within its versions: what is installed at a site is what the tests ran
with. The files hold for Python 3.11 and newer on x86-64 and aarch64, and name no package index: whoever installs
decides where the packages come from, and the hashes decide which files are accepted.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from release.paths import LOCKS, PYPROJECT, ROOT

EXTRAS = {
    "dev": ("dev",),
    "agent": ("agent",),
    "collector": ("collector",),
    "collector-postgresql": ("collector", "postgresql"),
    "demo": ("demo",),
}
"""The project's extras that each lock pins, by the lock's name; `dev` comes first, for the others follow it."""
PEERS = "peers"
"""The lock of the foreign cameras that the tests watch; `peers.in` names them."""
PYTHONS = ("3.11", "3.12", "3.13")
PLATFORMS = ("x86_64-manylinux_2_28", "aarch64-manylinux_2_28")
"""Debian 12, Raspberry Pi OS Bookworm and Ubuntu 24.04 can use these wheels."""
_HEADER = "# Made by `make lock`. Install with: pip install --require-hashes -r {path}\n"


def compile_command(source: Path, *options: str, upgrade: bool) -> list[str]:
    """Return the uv command that resolves `source` for every platform, one version of each package."""
    return [
        *_uv("pip", "compile", "--quiet", "--no-config", "--universal", "--python-version", PYTHONS[0]),
        *("--fork-strategy", "fewest", "--generate-hashes", "--no-header"),
        *("--no-emit-index-url", "--no-emit-find-links"),
        *(["--upgrade"] if upgrade else []),
        *options,
        str(source.relative_to(ROOT)),
    ]


def install_command(lock: Path, python: str, platform: str, target: Path) -> list[str]:
    """Return the uv command that would install `lock` on a platform, from wheels alone, without doing it."""
    return [
        *_uv("pip", "install", "--quiet", "--no-config", "--dry-run", "--target", str(target)),
        *("--python-version", python, "--python-platform", platform),
        *("--only-binary", ":all:", "--require-hashes", "--requirements", str(lock)),
    ]


def lock(*, upgrade: bool) -> None:
    """Write every lock. Pins that still satisfy `pyproject.toml` are kept, unless `upgrade`."""
    for name, extras in EXTRAS.items():
        options = [option for extra in extras for option in ("--extra", extra)]
        if name != "dev":
            options += ["--constraint", str((LOCKS / "dev.txt").relative_to(ROOT))]
        _write(name, compile_command(PYPROJECT, *options, upgrade=upgrade))
    _write(PEERS, compile_command(LOCKS / "peers.in", "--no-deps", upgrade=upgrade))


def check_platforms() -> None:
    """Ask the package index whether every lock can be installed from wheels, for each Python and platform."""
    with tempfile.TemporaryDirectory() as target:
        for name in EXTRAS:
            for python in PYTHONS:
                for platform in PLATFORMS:
                    _run(install_command(LOCKS / f"{name}.txt", python, platform, Path(target)))


def main() -> int:
    """Make the locks and check them; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m release.lock", description=__doc__)
    parser.add_argument("--upgrade", action="store_true", help="take the newest version of everything")
    options = parser.parse_args()
    LOCKS.mkdir(exist_ok=True)
    try:
        lock(upgrade=options.upgrade)
        check_platforms()
    except subprocess.CalledProcessError as error:
        print(f"{' '.join(error.cmd)}\n{error.stderr}", file=sys.stderr)
        return 1
    return 0


def _write(name: str, command: Sequence[str]) -> None:
    path = LOCKS / f"{name}.txt"
    _run([*command, "--output-file", str(path.relative_to(ROOT))])
    header = _HEADER.format(path=path.relative_to(ROOT))
    path.write_text(header + path.read_text("utf-8"), "utf-8")


def _uv(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "uv", *arguments]


def _run(command: Sequence[str]) -> None:
    subprocess.run(command, check=True, cwd=ROOT, capture_output=True, text=True)


if __name__ == "__main__":
    sys.exit(main())
