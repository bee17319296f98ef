import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from release.completion import FOLDER, PROGRAMS, script
from tests.servers.programs import fail_or_skip


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_file_is_what_the_present_typer_makes(program: str) -> None:
    assert (FOLDER / f"{program}.bash").read_text("utf-8") == script(program), "run: python -m release.completion"


@pytest.mark.parametrize(
    ("program", "typed", "offered"),
    [("pantau-agent", "do", "doctor"), ("pantau-collector", "downtime a", "add")],
)
def test_bash_completes_with_it(program: str, typed: str, offered: str) -> None:
    bash = shutil.which("bash")
    if bash is None:
        fail_or_skip("there is no bash")
    words = [program, *typed.split(" ")]
    session = (
        f"source {FOLDER / program}.bash; COMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1};"
        f" _{program.replace('-', '_')}_completion {Path(sys.executable).with_name(program)};"
        ' printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run([bash, "-c", session], capture_output=True, text=True, timeout=60, check=False)
    assert offered in done.stdout.split(), done
