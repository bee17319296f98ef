"""Writes a sheet as a new file, in the format that its name asks for."""

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pantau_service.settings import ConfigError

if TYPE_CHECKING:
    from openpyxl import Workbook


def write_sheet(path: Path, rows: Sequence[Sequence[str]], workbook: Callable[[], "Workbook"]) -> None:
    """Write a .csv of rows (semicolons, UTF-8 with a byte order mark, as Excel in Indonesia expects) or an .xlsx.

    Raises:
        ConfigError: the file exists already, cannot be written, or is of another kind.
    """
    try:
        if path.suffix.lower() == ".xlsx":
            with path.open("xb") as file:
                workbook().save(file)
        elif path.suffix.lower() == ".csv":
            text = io.StringIO(newline="")
            csv.writer(text, delimiter=";").writerows(rows)
            with path.open("xb") as file:
                file.write(text.getvalue().encode("utf-8-sig"))
        else:
            raise ConfigError([f"{path}: expected a name that ends in .xlsx or .csv"])
    except FileExistsError:
        raise ConfigError([f"{path}: there is such a file already; choose another name"]) from None
    except OSError as error:
        raise ConfigError([f"{path}: expected a file that can be written ({error.strerror})"]) from None
