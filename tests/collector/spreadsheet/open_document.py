"""Writes .ods files by hand, so that a test decides on every repetition in them (OpenDocument 1.2, part 1)."""

import zipfile
from pathlib import Path

_TYPE = "application/vnd.oasis.opendocument.spreadsheet"
_MANIFEST = f"""<?xml version="1.0" encoding="UTF-8"?>
<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.2">
<manifest:file-entry manifest:full-path="/" manifest:media-type="{_TYPE}"/>
<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>
</manifest:manifest>"""
_CONTENT = """<?xml version="1.0" encoding="UTF-8"?>
<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"
xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"
xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.2">
<office:automatic-styles>{styles}</office:automatic-styles><office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>"""


def empty_rows(number: int) -> str:
    """Return rows of 16,384 empty cells, as LibreOffice writes them after the last row."""
    empty = '<table:table-cell table:number-columns-repeated="16384"/>'
    return f'<table:table-row table:number-rows-repeated="{number}">{empty}</table:table-row>'


def row(*cells: str | float, rows: int = 1, columns: int = 1) -> str:
    """Return a row, repeated `rows` times, each of its cells `columns` times."""
    made = "".join(_cell(cell, columns) for cell in cells)
    return f'<table:table-row table:number-rows-repeated="{rows}">{made}</table:table-row>'


def write_ods(path: Path, sheets: dict[str, str], *, styles: str = "") -> Path:
    """Write a file with these sheets, each the markup of its rows."""
    tables = "".join(f'<table:table table:name="{name}">{rows}</table:table>' for name, rows in sheets.items())
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("mimetype", _TYPE, zipfile.ZIP_STORED)
        file.writestr("META-INF/manifest.xml", _MANIFEST)
        file.writestr("content.xml", _CONTENT.format(tables=tables, styles=styles))
    return path


def _cell(cell: str | float, columns: int) -> str:
    repeated = f'table:number-columns-repeated="{columns}"'
    if isinstance(cell, str):
        return (
            f'<table:table-cell {repeated} office:value-type="string"><text:p>{cell}</text:p></table:table-cell>'
        )
    return f'<table:table-cell {repeated} office:value-type="float" office:value="{cell}"/>'
