"""The Debian packages: their layout and their scripts, with a program of two lines in the place of the real one.

`make deb` builds the real ones, for which the package index is asked.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from release import deb
from release.deb import PROGRAMS, Program, build
from release.project import version
from tests.servers.programs import require_program

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


def fill(program: Program, python: str, architecture: str, folder: Path) -> None:
    """Install a program that says what it runs with."""
    assert (python, architecture) == (PYTHON, "amd64")
    module = folder / program.name.replace("-", "_")
    module.mkdir()
    (module / "__init__.py").touch()
    (module / "cli.py").write_text(
        "import sys\n\n\ndef app():\n    print(sys.prefix, sys.argv[1:])\n    return 3\n"
    )


@pytest.fixture(scope="module", params=PROGRAMS)
def package(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    require_program("dpkg-deb")
    if PYTHON not in deb.DISTRIBUTIONS:
        pytest.skip(f"no distribution that is supported has Python {PYTHON}")
    return build(request.param, PYTHON, "amd64", tmp_path_factory.mktemp("deb"), fill)


@pytest.fixture(scope="module")
def unpacked(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("root")
    subprocess.run(["dpkg-deb", "--raw-extract", package, root], check=True)
    return root


def test_dpkg_reads_what_it_is_and_that_it_needs_just_this_python(package: Path) -> None:
    fields = subprocess.run(["dpkg-deb", "--field", package], check=True, capture_output=True, text=True).stdout
    name = package.name.partition("_")[0]
    assert f"Package: {name}\nVersion: {version()}+{deb.DISTRIBUTIONS[PYTHON]}\nArchitecture: amd64\n" in fields
    minor = int(PYTHON.partition(".")[2])
    assert f"python3 (>= 3.{minor}), python3 (<< 3.{minor + 1})" in fields


def test_everything_belongs_to_root_and_nobody_else_may_write_it(package: Path) -> None:
    listed = subprocess.run(["dpkg-deb", "--contents", package], check=True, capture_output=True, text=True).stdout
    for line in listed.splitlines():
        assert " root/root " in line, line
        assert line[0] == "l" or (line[5], line[8]) == ("-", "-"), line


def test_the_program_runs_in_its_environment(unpacked: Path) -> None:
    link = next((unpacked / "usr/bin").iterdir())
    home = f"/opt/{link.name}/{version()}"
    assert str(link.readlink()) == f"/opt/{link.name}/current/bin/{link.name}"
    assert str((unpacked / f"opt/{link.name}/current").readlink()) == version()
    program = unpacked / home.lstrip("/") / "bin" / link.name
    assert os.access(program, os.X_OK)
    assert program.read_text().startswith(f"#!{home}/bin/python3\n")
    interpreter = program.with_name("python3")
    assert str(interpreter.readlink()) == f"/usr/bin/python{PYTHON}"
    if not interpreter.exists():
        pytest.skip(f"Debian's python{PYTHON} is not installed here")
    done = subprocess.run([interpreter, program, "x"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (3, f"{unpacked}{home} ['x']\n"), done.stderr


def test_the_unit_starts_what_the_package_installs_and_the_user_is_its_own(unpacked: Path) -> None:
    name = next((unpacked / "usr/bin").iterdir()).name
    unit = (unpacked / f"usr/lib/systemd/system/{name}.service").read_text()
    assert re.findall(r"^ExecStart=(\S+)", unit, re.MULTILINE) == [f"/usr/bin/{name}"]
    users = (unpacked / f"usr/lib/sysusers.d/{name}.conf").read_text()
    assert re.fullmatch(rf'u {name} +- "[^"]+" +/var/lib/{name}\n', users)
    assert (unpacked / f"usr/share/bash-completion/completions/{name}").is_file()
    assert list((unpacked / f"usr/share/doc/{name}/examples").iterdir())


def test_the_scripts_are_right_shell_and_ask_systemd_only_where_it_runs(unpacked: Path) -> None:
    for name in ("postinst", "prerm", "postrm"):
        script = unpacked / "DEBIAN" / name
        assert os.access(script, os.X_OK)
        subprocess.run(["sh", "-n", script], check=True)
        text = script.read_text()
        assert "@" not in text.replace("@NAME@", ""), "every placeholder is filled in"
        assert text.count("systemctl") == 0 or "/run/systemd/system" in text


def test_the_checksums_are_those_of_the_files(unpacked: Path) -> None:
    subprocess.run(["md5sum", "--check", "--quiet", "DEBIAN/md5sums"], cwd=unpacked, check=True)
    summed = (unpacked / "DEBIAN/md5sums").read_text().count("\n")
    files = [file for file in unpacked.rglob("*") if file.is_file() and not file.is_symlink()]
    assert summed == len([file for file in files if "DEBIAN" not in file.parts])
