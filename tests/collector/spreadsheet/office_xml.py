"""Writes .xlsx files by hand, each as another program does, so that a test decides on every element in them."""

import zipfile
from pathlib import Path
from typing import NamedTuple

TRANSITIONAL = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_STRICT_RELATIONS = "http://purl.oclc.org/ooxml/officeDocument/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


class Writer(NamedTuple):
    """What differs between the programs that write XLSX."""

    prefix: str = ""
    strict: bool = False
    absolute_targets: bool = False
    backslashes: bool = False
    capitals: bool = False


EXCEL = Writer()
STRICT_EXCEL = Writer(strict=True)
GOOGLE = Writer(absolute_targets=True)
DOTNET_LIBRARY = Writer(prefix="x:", absolute_targets=True)
WINDOWS_ARCHIVER = Writer(backslashes=True, capitals=True)


def inline(reference: str, text: str) -> str:
    """Return a cell with its text inside it."""
    return f'<c r="{reference}" t="inlineStr"><is><t>{text}</t></is></c>'


def write_xlsx(
    path: Path,
    rows: str,
    *,
    writer: Writer = EXCEL,
    strings: str = "",
    formats: tuple[str, ...] = (),
    before: str = "",
    after: str = "",
    workbook: str = "",
) -> Path:
    """Write a workbook of one sheet.

    Args:
        path: the file.
        rows: the markup of its rows, without prefixes.
        writer: whose way of writing.
        strings: the markup of the shared strings.
        formats: number formats; a cell's style 1 has the first one.
        before: markup before the rows, such as `cols`.
        after: markup after the rows, such as `mergeCells`.
        workbook: further markup of the workbook, such as `calcPr`.
    """
    relations = _STRICT_RELATIONS if writer.strict else _RELATIONS
    target = "/xl/" if writer.absolute_targets else ""
    parts = {
        "_rels/.rels": _relations_part(relations, {"officeDocument": "xl/workbook.xml"}),
        "xl/_rels/workbook.xml.rels": _relations_part(
            relations,
            {
                "worksheet": f"{target}worksheets/sheet1.xml",
                "styles": f"{target}styles.xml",
                **({"sharedStrings": f"{target}sharedStrings.xml"} if strings else {}),
            },
        ),
        "xl/workbook.xml": _document(
            "workbook",
            f'<sheets><sheet name="CCTV" sheetId="1" r:id="worksheet" xmlns:r="{relations}"/></sheets>{workbook}',
            writer,
        ),
        "xl/styles.xml": _document("styleSheet", _styles(formats), writer),
        "xl/worksheets/sheet1.xml": _document(
            "worksheet", f"{before}<sheetData>{rows}</sheetData>{after}", writer
        ),
    }
    if strings:
        parts["xl/sharedStrings.xml"] = _document("sst", strings, writer)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items():
            named = name.replace("sheet1", "Sheet1") if writer.capitals else name
            info = zipfile.ZipInfo("part")
            info.filename = named.replace("/", "\\") if writer.backslashes else named
            info.compress_type = zipfile.ZIP_DEFLATED
            file.writestr(info, content)
    return path


def _relations_part(relations: str, targets: dict[str, str]) -> str:
    made = "".join(
        f'<Relationship Id="{kind}" Type="{relations}/{kind}" Target="{target}"/>'
        for kind, target in targets.items()
    )
    return f'<Relationships xmlns="{_PACKAGE}">{made}</Relationships>'


def _styles(formats: tuple[str, ...]) -> str:
    codes = "".join(
        f'<numFmt numFmtId="{164 + at}" formatCode="{code.replace(chr(34), "&quot;")}"/>'
        for at, code in enumerate(formats)
    )
    styles = "".join(f'<xf numFmtId="{164 + at}"/>' for at in range(len(formats)))
    return (
        f"<numFmts>{codes}</numFmts><cellStyleXfs><xf numFmtId='14'/></cellStyleXfs>"
        f"<cellXfs><xf numFmtId='0'/>{styles}</cellXfs>"
    )


def _document(root: str, content: str, writer: Writer) -> str:
    namespace = STRICT if writer.strict else TRANSITIONAL
    prefix = writer.prefix
    if prefix:
        content = content.replace("</", "\0").replace("<", f"<{prefix}").replace("\0", f"</{prefix}")
    declared = f"xmlns:{prefix[:-1]}" if prefix else "xmlns"
    element = f'<{prefix}{root} {declared}="{namespace}">{content}</{prefix}{root}>'
    return f'<?xml version="1.0" encoding="UTF-8"?>{element}'
