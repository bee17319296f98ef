"""Builds a Debian package of the agent and of the collector: `python -m release.deb` (`make deb`).

Each holds a virtual environment with the locked versions, whose interpreter is Debian's own: so a package is for
one minor version of Python (3.11: Debian 12; 3.12: Ubuntu 24.04; 3.13: Debian 13) and one architecture, and may be
built on another machine. It is in /opt/pantau-agent/VERSION, and `current` beside it is a link to it.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from release.deb_scripts import COPYRIGHT, POSTINST, POSTRM, PRERM
from release.paths import LOCKS, ROOT
from release.project import version

OUT = ROOT / "build/deb"
DISTRIBUTIONS = {"3.11": "deb12", "3.12": "ubuntu24.04", "3.13": "deb13"}
"""What a package's version ends in, by its version of Python."""
PLATFORMS = {"amd64": "x86_64-manylinux_2_28", "arm64": "aarch64-manylinux_2_28"}
"""The wheels' platform by Debian's name of the architecture."""


@dataclass(frozen=True, slots=True)
class Program:
    """What a package holds besides the virtual environment. `depends` are packages that it needs beside Python."""

    name: str
    lock: str
    description: str
    configuration: str
    examples: tuple[str, ...]
    depends: tuple[str, ...] = ()


PROGRAMS = {
    "agent": Program(
        "pantau-agent",
        "agent",
        "watches the cameras of one site and reports them",
        "agent.toml",
        ("agent/agent.example.toml",),
    ),
    "collector": Program(
        "pantau-collector",
        "collector-postgresql",
        "keeps what camera sites report, finds outages, tells people",
        "collector.toml",
        ("collector/collector.example.toml", "collector/inventory.example.toml"),
    ),
}

Fill = Callable[[Program, str, str, Path], None]
"""Installs a program's packages for a Python and an architecture into a folder."""


def install_locked(program: Program, python: str, architecture: str, folder: Path) -> None:
    """Install the locked versions and the wheel, from wheels alone."""
    wheels = sorted((ROOT / "build/wheel").glob("pantau-*.whl"))
    if not wheels:
        raise SystemExit("build/wheel is empty: make wheel")
    install = [
        sys.executable,
        "-m",
        "uv",
        "pip",
        "install",
        "--quiet",
        "--no-config",
        "--link-mode",
        "copy",
        "--target",
        str(folder),
    ]
    target = ["--python-version", python, "--python-platform", PLATFORMS[architecture]]
    lock = str(LOCKS / f"{program.lock}.txt")
    locked = ["--only-binary", ":all:", "--require-hashes", "--requirements", lock]
    subprocess.run([*install, *target, *locked], check=True)
    subprocess.run([*install, *target, "--no-deps", "--no-index", str(wheels[-1])], check=True)
    shutil.rmtree(folder / "bin", ignore_errors=True)


def build(kind: str, python: str, architecture: str, out: Path, fill: Fill = install_locked) -> Path:
    """Build one package and return it."""
    program = PROGRAMS[kind]
    with tempfile.TemporaryDirectory(prefix="pantau-deb-") as temporary:
        root = Path(temporary)
        root.chmod(0o755)
        home = _make_environment(program, python, architecture, root, fill)
        _install_files(program, home, root)
        _write_control(program, python, architecture, root)
        out.mkdir(parents=True, exist_ok=True)
        file = out / f"{program.name}_{version()}+{DISTRIBUTIONS[python]}_{architecture}.deb"
        subprocess.run(
            ["dpkg-deb", "--build", "--root-owner-group", "-Zgzip", "-z3", str(root), str(file)], check=True
        )
    return file


def _make_environment(program: Program, python: str, architecture: str, root: Path, fill: Fill) -> str:
    """Make the virtual environment (PEP 405), and return where it is once installed."""
    home = f"/opt/{program.name}/{version()}"
    folder = root / home.lstrip("/")
    packages = folder / f"lib/python{python}/site-packages"
    packages.mkdir(parents=True)
    fill(program, python, architecture, packages)
    (folder / "bin").mkdir()
    (folder / "bin/python3").symlink_to(f"/usr/bin/python{python}")
    settings = f"home = /usr/bin\ninclude-system-site-packages = false\nversion = {python}\n"
    (folder / "pyvenv.cfg").write_text(settings)
    module = program.name.replace("-", "_")
    script = f"#!{home}/bin/python3\nimport sys\n\nfrom {module}.cli import app\n\nsys.exit(app())\n"
    _write(folder / "bin" / program.name, script, mode=0o755)
    return home


def _install_files(program: Program, home: str, root: Path) -> None:
    """Install what Debian keeps elsewhere: the link in the path, unit, user, completion, documents."""
    (root / "usr/bin").mkdir(parents=True)
    current = root / f"opt/{program.name}/current"
    current.symlink_to(Path(home).name)
    (root / "usr/bin" / program.name).symlink_to(f"/opt/{program.name}/current/bin/{program.name}")
    unit = (ROOT / f"systemd/{program.name}.service").read_text("utf-8")
    started = re.sub(rf"/opt/\S+/{program.name} ", f"/usr/bin/{program.name} ", unit)
    _write(root / f"usr/lib/systemd/system/{program.name}.service", started)
    users = (ROOT / "systemd/pantau.sysusers").read_text("utf-8").splitlines()
    own = [line for line in users if line.startswith(f"u {program.name} ")]
    _write(root / f"usr/lib/sysusers.d/{program.name}.conf", "\n".join(own) + "\n")
    completion = (ROOT / f"completion/{program.name}.bash").read_text("utf-8")
    _write(root / f"usr/share/bash-completion/completions/{program.name}", completion)
    documents = root / f"usr/share/doc/{program.name}"
    for example in program.examples:
        _write(documents / "examples" / Path(example).name, (ROOT / example).read_text("utf-8"))
    _write(documents / "README.md", (ROOT / program.lock.partition("-")[0] / "README.md").read_text("utf-8"))
    _write(documents / "copyright", COPYRIGHT)
    _write(documents / "NOTICE", (ROOT / "NOTICE").read_text("utf-8"))


def _write_control(program: Program, python: str, architecture: str, root: Path) -> None:
    major, minor = python.split(".")
    depends = [
        f"python3 (>= {python})",
        f"python3 (<< {major}.{int(minor) + 1})",
        "systemd (>= 250)",
        *program.depends,
    ]
    size_kb = sum(file.lstat().st_size for file in root.rglob("*") if file.is_file()) // 1024
    control = root / "DEBIAN"
    _write(
        control / "control",
        f"Package: {program.name}\nVersion: {version()}+{DISTRIBUTIONS[python]}\nArchitecture: {architecture}\n"
        f"Maintainer: Pantau <noreply@pantau.invalid>\nInstalled-Size: {size_kb}\n"
        f"Depends: {', '.join(depends)}\nSection: net\nPriority: optional\n"
        f"Description: Pantau: {program.description}\n"
        f" The program with the tested versions of all that it needs, in /opt/{program.name}/{version()}.\n",
    )
    for name, script in (("postinst", POSTINST), ("prerm", PRERM), ("postrm", POSTRM)):
        text = script.replace("@NAME@", program.name).replace("@CONFIGURATION@", program.configuration)
        _write(control / name, text, mode=0o755)
    installed = sorted(file for file in root.rglob("*") if file.is_file() and not file.is_symlink())
    sums = (
        f"{hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()}  {file.relative_to(root)}"
        for file in installed
        if control not in file.parents
    )
    _write(control / "md5sums", "\n".join(sums) + "\n")


def _write(file: Path, text: str, *, mode: int = 0o644) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    file.chmod(mode)


def main(arguments: Sequence[str] | None = None) -> None:
    """Build the packages that the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m release.deb", description=__doc__)
    parser.add_argument("--python", choices=DISTRIBUTIONS, action="append", help="default: 3.11 and 3.13")
    parser.add_argument("--architecture", choices=PLATFORMS, action="append", help="default: amd64")
    options = parser.parse_args(arguments)
    os.umask(0o022)
    for python in options.python or ["3.11", "3.13"]:
        for architecture in options.architecture or ["amd64"]:
            for kind in PROGRAMS:
                print(build(kind, python, architecture, OUT))


if __name__ == "__main__":
    main()
