"""Where a report goes: a file whose name tells its format, or standard output."""

import sys
from pathlib import Path

from pantau_collector.commands.opening import EXIT_NOT_DONE, fail
from pantau_collector.reports.formats import FORMATS, Format
from pantau_service import atomic_file
from pantau_service.settings import did_you_mean

STDOUT = Path("-")
_BINARY = {"pdf", "xlsx"}


def chosen_format(given: str | None, out: Path | None, otherwise: Format) -> Format:
    """Return the format that an option or the file's name gives; a contradiction ends the command."""
    suffix = out.suffix.lower().lstrip(".") if out is not None and out != STDOUT else ""
    if given is not None and given not in FORMATS:
        fail(f"--format: there is no {given!r}; {did_you_mean(given, FORMATS)}")
    if given is None and suffix and suffix not in FORMATS:
        fail(f"--out: expected a name that ends in .{', .'.join(FORMATS)}, or --format too; got {out}")
    if given is not None and suffix in FORMATS and suffix != given:
        fail(f"--out: {out} ends in .{suffix}, and --format is {given}: expected the same")
    return next((each for each in FORMATS if each in {given, suffix}), otherwise)


def write(content: bytes, out: Path, form: str) -> None:
    """Write a report; what cannot be written ends the command."""
    if out == STDOUT:
        if form in _BINARY and sys.stdout.isatty():
            fail(f"--out: a terminal cannot show {form}: give a file, or send standard output to one")
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    try:
        atomic_file.write(out, content)
    except OSError as error:
        fail(f"--out: {out} cannot be written: {error.strerror}", exit_code=EXIT_NOT_DONE)
