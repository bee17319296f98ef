"""Makes the files by which bash completes the programs' commands and options: `python -m release.completion`.

They go to /usr/share/bash-completion/completions, without their ending. The program itself says what may
follow, so they change with typer alone.
"""

from typer._completion_shared import get_completion_script

from release.paths import ROOT

FOLDER = ROOT / "completion"
PROGRAMS = ("pantau-agent", "pantau-collector")


def script(program: str) -> str:
    """Return the content of a program's file."""
    variable = f"_{program.replace('-', '_').upper()}_COMPLETE"
    # `shell` is the name of one; nothing is run.
    made = get_completion_script(prog_name=program, complete_var=variable, shell="bash")  # noqa: S604
    return f"# Made by: python -m release.completion\n{made}\n"


def main() -> None:
    """Write the files."""
    for program in PROGRAMS:
        (FOLDER / f"{program}.bash").write_text(script(program), "utf-8")


if __name__ == "__main__":
    main()
