"""What people see in their spreadsheet program is what is imported, or the cell is named."""

import zipfile
from datetime import date
from pathlib import Path

import pytest
import xlwt
from openpyxl import Workbook

from pantau_collector.spreadsheet import ParsedSheet, Sheet, limits, parse_sheet, read_sheet
from pantau_service.settings import ConfigError
from tests.collector.spreadsheet import office_xml
from tests.collector.spreadsheet.office_xml import Writer, inline, write_xlsx
from tests.collector.spreadsheet.open_document import row, write_ods

HEAD = "".join(f'<c r="{column}1" t="s"><v>{at}</v></c>' for at, column in enumerate("ABC"))
STRINGS = (
    "<si><t>lokasi</t></si><si><r><t>kam</t></r><r><t>era</t></r><rPh><t>kana</t></rPh></si><si><t>nama</t></si>"
)


def problems(sheet: ParsedSheet) -> list[str]:
    return [line.partition(": ")[2] for line in sheet.problems]


def refused(path: Path) -> str:
    with pytest.raises(ConfigError) as error:
        read_sheet(path)
    return str(error.value)


def workbook(path: Path, *rows: list[object]) -> Path:
    book = Workbook()
    for cells in rows:
        book.worksheets[0].append(cells)
    book.save(path)
    return path


@pytest.mark.parametrize(
    "writer",
    [
        office_xml.EXCEL,
        office_xml.STRICT_EXCEL,
        office_xml.GOOGLE,
        office_xml.DOTNET_LIBRARY,
        office_xml.WINDOWS_ARCHIVER,
    ],
)
def test_xlsx_of_every_writer_is_read(tmp_path: Path, writer: Writer) -> None:
    rows = f'<row r="1">{HEAD}</row><row r="3">{inline("A3", "kabil")}{inline("C3", "Utara &amp; timur")}</row>'
    sheet = read_sheet(write_xlsx(tmp_path / "a.xlsx", rows, strings=STRINGS, writer=writer))
    assert sheet.header == ["lokasi", "kamera", "nama"]
    assert sheet.rows == [(3, ["kabil", "", "Utara & timur"])]


def test_rows_and_cells_without_references_follow_each_other(tmp_path: Path) -> None:
    cells = [f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in ("lokasi", "kamera", "kabil", "k1")]
    rows = f"<row>{cells[0]}<c/>{cells[1]}</row><row/><row>{cells[2]}<c/>{cells[3]}</row>"
    sheet = read_sheet(write_xlsx(tmp_path / "a.xlsx", rows, before='<dimension ref="A1"/>'))
    assert sheet.header == ["lokasi", "", "kamera"]
    assert sheet.rows == [(3, ["kabil", "", "k1"])]


def test_characters_that_xml_cannot_hold_are_unescaped(tmp_path: Path) -> None:
    rows = f'<row r="1">{HEAD}</row><row r="2">{inline("A2", "a_x005F_b")}{inline("C2", "satu_x000D_dua")}</row>'
    assert read_sheet(write_xlsx(tmp_path / "a.xlsx", rows, strings=STRINGS)).rows[0][1] == [
        "a_b", "", "satu\rdua"
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_blank_cells_down_to_the_last_row_cost_little(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"cctv.{kind}"
    if kind == "csv":
        path.write_text("lokasi;kamera\nkabil;k1\n" + ";\n" * 1_048_574)
    else:
        blank = "".join(
            f'<row r="{at}" ht="15"><c r="A{at}" s="0"/><c r="B{at}"/></row>' for at in range(3, 1_048_577)
        )
        content = f'{inline("A1", "lokasi")}{inline("B1", "kamera")}</row><row r="2">{inline("A2", "kabil")}'
        write_xlsx(path, f'<row r="1">{content}{inline("B2", "k1")}</row>{blank}')
    assert read_sheet(path).rows == [(2, ["kabil", "k1"])]


@pytest.mark.parametrize(
    ("code", "number", "shown"),
    [
        ("General", "1.0836", "1.0836"),
        ("General", "104.09340000000001", "104.0934"),
        ("000", "7", "007"),
        ('"CCTV-"000', "7", "CCTV-007"),
        ("00\\-00", "123", "01-23"),
        ("000-000", "123456", "123-456"),
        ("0.00", "1.083612", "1.083612"),
        ("#,##0.00", "-1234.5", "-1234.5"),
        ("#,##0.00_);(#,##0.00)", "-0.5", "-0.5"),
        ('0.0000"°"', "104.0934", "104.0934°"),
        ("0%", "0.5", "50%"),
        ("(0)", "3", "(3)"),
        ("0;-0;;@", "0", ""),
        ("[Red]000", "7", "007"),
        ("[&gt;=100]000;0", "7", "7"),
        ("0.00E+00", "1234567", "1234567"),
        ('"ya";"tidak"', "-1", "tidak"),
    ],
)
def test_a_number_is_read_as_its_format_shows_it_and_without_rounding(
    tmp_path: Path, code: str, number: str, shown: str
) -> None:
    cell = f'<c r="C2" s="1"><v>{number}</v></c>'
    rows = f'<row r="1">{HEAD}</row><row r="2">{inline("A2", "kabil")}{cell}</row>'
    cells = read_sheet(write_xlsx(tmp_path / "a.xlsx", rows, strings=STRINGS, formats=(code,))).rows[0][1]
    assert cells[2:] == ([shown] if shown else [])


def test_ids_are_those_that_people_see_in_every_format(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(["lokasi", "kamera"])
    sheet.append(["kabil", 7])
    sheet["B2"].number_format = "000"
    book.save(tmp_path / "a.xlsx")
    old = xlwt.Workbook()
    made = old.add_sheet("CCTV")
    for at, text in enumerate(["lokasi", "kamera"]):
        made.write(0, at, text)
    made.write(1, 0, "kabil")
    made.write(1, 1, 7, xlwt.easyxf(num_format_str="000"))
    old.save(str(tmp_path / "a.xls"))
    shown = '<table:table-cell office:value-type="float" office:value="7"><text:p>007</text:p></table:table-cell>'
    site = '<table:table-cell office:value-type="string"><text:p>kabil</text:p></table:table-cell>'
    write_ods(
        tmp_path / "a.ods", {"CCTV": row("lokasi", "kamera") + f"<table:table-row>{site}{shown}</table:table-row>"}
    )
    (tmp_path / "a.csv").write_text('lokasi;kamera\nkabil;="007"\n')
    for name in ("a.xlsx", "a.xls", "a.ods", "a.csv"):
        assert read_sheet(tmp_path / name).rows == [(2, ["kabil", "007"])], name


def test_a_formula_that_nothing_has_calculated_is_named_and_an_empty_result_is_empty(tmp_path: Path) -> None:
    formula = "<f>1+1</f>"
    cells = f'{inline("A2", "kabil")}<c r="B2" t="str">{formula}<v>k1</v></c>'
    rows = (
        f'<row r="1">{HEAD}</row><row r="2">{cells}<c r="C2" t="str">{formula}<v></v></c></row>'
        f'<row r="3">{cells.replace("2", "3")}<c r="C3">{formula}<v/></c></row>'
    )
    sheet = parse_sheet(read_sheet(write_xlsx(tmp_path / "a.xlsx", rows, strings=STRINGS)))
    assert sheet.rows[0].values == {"site": "kabil", "id": "k1", "name": ""}
    assert [line[:45] for line in problems(sheet)] == ["row 3, column C (nama): a formula without its"]


def test_a_formula_of_a_library_that_writes_0_for_all_is_named(tmp_path: Path) -> None:
    cells = f'{inline("A2", "kabil")}{inline("B2", "k1")}<c r="C2"><f>A1</f><v>0</v></c>'
    rows = f'<row r="1">{HEAD}</row><row r="2">{cells}</row>'
    path = write_xlsx(tmp_path / "a.xlsx", rows, strings=STRINGS, workbook='<calcPr fullCalcOnLoad="1"/>')
    assert "row 2, column C (nama): a formula" in problems(parse_sheet(read_sheet(path)))[0]
    assert parse_sheet(read_sheet(write_xlsx(path, rows, strings=STRINGS))).rows[0].values["name"] == "0"


@pytest.mark.parametrize("kind", ["xls", "ods"])
def test_a_formula_without_a_value_is_named_in_older_formats(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind}"
    if kind == "xls":
        old = xlwt.Workbook()
        made = old.add_sheet("CCTV")
        for at, text in enumerate(["lokasi", "kamera", "nama"]):
            made.write(0, at, text)
            made.write(1, at, ["kabil", "k1", xlwt.Formula("A1")][at])
        old.save(str(path))
    else:
        texts = "".join(
            f'<table:table-cell office:value-type="string"><text:p>{text}</text:p></table:table-cell>'
            for text in ("kabil", "k1")
        )
        empty = '<table:table-cell table:formula="of:=[.A1]"/>'
        write_ods(
            path, {"A": row("lokasi", "kamera", "nama") + f"<table:table-row>{texts}{empty}</table:table-row>"}
        )
    [problem] = problems(parse_sheet(read_sheet(path)))
    assert problem.startswith("row 2, column C (nama): a formula without its value")


@pytest.mark.parametrize(
    "text",
    [
        "#N/A",
        "#REF!",
        "#VALUE!",
        "#NAME?",
        "#DIV/0!",
        "#NULL!",
        "#SPILL!",
        "Err:502",
        "####",
        "Loading...",
        "=A1&B1",
    ],
)
def test_error_values_and_formulas_are_no_values_wherever_they_stand(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.csv").write_text(f"lokasi;kamera;nama;catatan\nkabil;k1;{text};{text}\n")
    [problem] = problems(parse_sheet(read_sheet(tmp_path / "a.csv")))
    assert problem.startswith("row 2, column C (nama): ")
    path = tmp_path / "a.xlsx"
    rows = f'<row r="1">{HEAD}</row><row r="2">{inline("A2", "kabil")}{inline("B2", "k1")}'
    write_xlsx(path, f'{rows}<c r="C2" t="e"><v>{text.replace("&", "&amp;")}</v></c></row>', strings=STRINGS)
    assert problems(parse_sheet(read_sheet(path))) == [problem]


def test_error_values_of_an_old_workbook_are_named(tmp_path: Path) -> None:
    old = xlwt.Workbook()
    made = old.add_sheet("CCTV")
    for at, text in enumerate(["lokasi", "kamera", "nama"]):
        made.write(0, at, text)
    made.write(1, 0, "kabil")
    made.write(1, 1, "k1")
    made.row(1).set_cell_error(2, 0x2A)
    old.save(str(tmp_path / "a.xls"))
    assert problems(parse_sheet(read_sheet(tmp_path / "a.xls"))) == [
        "row 2, column C (nama): the spreadsheet program could not work it out (#N/A)"
    ]


def test_a_name_with_a_number_sign_is_a_name(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("lokasi;kamera;nama\nkabil;k1;#3 Utara\n")
    assert problems(parse_sheet(read_sheet(tmp_path / "a.csv"))) == []


def test_a_number_of_which_the_program_made_a_date_is_named(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "a.xlsx", ["lokasi", "kamera", "dipasang"], ["kabil", date(2026, 2, 1), date(2026, 3, 1)]
    )
    sheet = parse_sheet(read_sheet(path))
    [problem] = problems(sheet)
    assert problem.startswith("row 2, column B (kamera): the spreadsheet program has made it a date (2026-02-01)")
    assert read_sheet(path).rows == [(2, ["kabil", "2026-02-01", "2026-03-01"])]


def test_a_site_merged_beside_its_cameras_is_the_site_of_each(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    for cells in (
        ["DAFTAR"],
        ["lokasi", "kamera", "nama"],
        ["kabil", "k1", "Satu"],
        [None, "k2"],
        [],
        ["jam", "j1"],
    ):
        sheet.append(cells)
    sheet.merge_cells("A1:C1")
    sheet.merge_cells("A3:A5")
    book.save(tmp_path / "a.xlsx")
    expected = [(3, ["kabil", "k1", "Satu"]), (4, ["kabil", "k2"]), (6, ["jam", "j1"])]
    assert read_sheet(tmp_path / "a.xlsx").rows == expected
    old = xlwt.Workbook()
    made = old.add_sheet("CCTV")
    for at, text in enumerate(["lokasi", "kamera"]):
        made.write(1, at, text)
    made.write_merge(2, 3, 0, 0, "kabil")
    made.write(2, 1, "k1")
    made.write(3, 1, "k2")
    old.save(str(tmp_path / "a.xls"))
    assert read_sheet(tmp_path / "a.xls").rows == [(3, ["kabil", "k1"]), (4, ["kabil", "k2"])]
    text = '<table:table-cell {} office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    merged = text.format('table:number-rows-spanned="2"', "kabil") + text.format("", "k1")
    covered = (
        '<table:covered-table-cell office:value-type="string"><text:p>jam</text:p></table:covered-table-cell>'
    )
    below = covered + text.format("", "k2")
    rows = "".join(f"<table:table-row>{cells}</table:table-row>" for cells in (merged, below))
    write_ods(tmp_path / "a.ods", {"CCTV": row("lokasi", "kamera") + rows})
    assert read_sheet(tmp_path / "a.ods").rows == [(2, ["kabil", "k1"]), (3, ["kabil", "k2"])]


def test_a_heading_merged_over_the_table_is_no_value_of_every_column(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    for cells in (["lokasi", "kamera", "nama"], ["nongsa"], ["kabil", "k1", "Satu"]):
        sheet.append(cells)
    sheet.merge_cells("A2:C2")
    book.save(tmp_path / "a.xlsx")
    assert problems(parse_sheet(read_sheet(tmp_path / "a.xlsx"))) == [
        "row 2, column B (kamera): expected a value, and there is none"
    ]


def hidden_in(path: Path) -> Sheet:
    """Write a workbook whose row 3 and column C are hidden, and read it."""
    rows: list[list[object]] = [
        ["lokasi", "kamera", "nama"],
        ["kabil", "k1", "a"],
        ["kabil", "k2", "b"],
        ["kabil", "k3"],
    ]
    if path.suffix == ".xlsx":
        book = Workbook()
        for cells in rows:
            book.worksheets[0].append(cells)
        book.worksheets[0].row_dimensions[3].hidden = True
        book.worksheets[0].column_dimensions["C"].hidden = True
        book.save(path)
    elif path.suffix == ".xls":
        old = xlwt.Workbook()
        made = old.add_sheet("CCTV")
        for at, cells in enumerate(rows):
            for column, cell in enumerate(cells):
                made.write(at, column, cell)
        made.row(2).hidden = True
        made.col(2).hidden = True
        old.save(str(path))
    else:
        shown = '<table:table-column table:number-columns-repeated="2"/>'
        columns = f'{shown}<table:table-column table:visibility="collapse"/>'
        made_rows = [row(*map(str, cells)) for cells in rows]
        made_rows[2] = made_rows[2].replace("<table:table-row", '<table:table-row table:visibility="filter"')
        write_ods(path, {"CCTV": columns + "".join(made_rows)})
    return read_sheet(path)


@pytest.mark.parametrize("name", ["a.xlsx", "a.xls", "a.ods"])
def test_hidden_rows_and_columns_are_passed_over_with_a_remark(tmp_path: Path, name: str) -> None:
    sheet = hidden_in(tmp_path / name)
    parsed = parse_sheet(sheet)
    assert [each.values for each in parsed.rows] == [{"site": "kabil", "id": "k1"}, {"site": "kabil", "id": "k3"}]
    assert [line.partition(": ")[2] for line in parsed.remarks] == [
        "row 3 is hidden and passed over: show them, or delete them",
        "column C (nama) is hidden and is passed over",
    ]


def test_a_hidden_column_that_is_needed_is_named(tmp_path: Path) -> None:
    book = Workbook()
    book.worksheets[0].append(["lokasi", "kamera"])
    book.worksheets[0].append(["kabil", "k1"])
    book.worksheets[0].column_dimensions["B"].hidden = True
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(ConfigError, match=r"expected a column `id`.*column B \(kamera\) is hidden: show it"):
        parse_sheet(read_sheet(tmp_path / "a.xlsx"))


def test_the_first_visible_sheet_is_read_and_the_others_are_named(tmp_path: Path) -> None:
    book = Workbook()
    for title, state in (("2025", "hidden"), ("Nongsa", "visible"), ("Kota", "visible"), ("Catatan", "visible")):
        sheet = book.create_sheet(title)
        sheet.append(["lokasi", "kamera"] if title != "Catatan" else ["apa", "ini"])
        sheet.append([title.lower(), "k1"])
        sheet.sheet_state = state
    book.remove(book.worksheets[0])
    book.save(tmp_path / "a.xlsx")
    sheet = read_sheet(tmp_path / "a.xlsx")
    assert sheet.rows == [(2, ["nongsa", "k1"])]
    assert [line.partition(": ")[2] for line in (*sheet.unread, *sheet.remarks)] == [
        "sheet `Kota` is passed over: choose it by --sheet, or put all in one",
        "sheet `2025` is hidden and is passed over",
    ]
    chosen = read_sheet(tmp_path / "a.xlsx", name="2025")
    assert (chosen.rows, chosen.unread, chosen.remarks) == ([(2, ["2025", "k1"])], [], [])


def test_a_hidden_sheet_of_an_open_document_is_passed_over(tmp_path: Path) -> None:
    path = write_ods(
        tmp_path / "a.ods",
        {
            '2025" table:style-name="gone': row("lokasi", "kamera") + row("kabil", "lama"),
            "2026": row("lokasi", "kamera") + row("kabil", "baru"),
        },
        styles='<style:style style:name="gone"><style:table-properties table:display="false"/></style:style>',
    )
    assert read_sheet(path).rows == [(2, ["kabil", "baru"])]


def test_comments_and_drawings_of_an_open_document_are_no_text_of_the_cell(tmp_path: Path) -> None:
    cell = (
        '<table:table-cell office:value-type="string"><office:annotation><text:p>cek!</text:p></office:annotation>'
        "<text:p>ka<text:span>b</text:span>il<text:s/>dua</text:p></table:table-cell>"
    )
    rows = row("lokasi", "kamera") + f"<table:table-row>{cell}</table:table-row>"
    assert read_sheet(write_ods(tmp_path / "a.ods", {"A": rows})).rows == [(2, ["kabil dua"])]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"<html><table><tr><td>lokasi</td></tr></table>", "it is a web page or XML"),
        (b"lokasi\tkamera\n", "it is of another kind"),
        (b"PK\x03\x04", "it is damaged"),
    ],
)
def test_what_only_has_a_workbooks_name_is_reported_as_what_it_is(
    tmp_path: Path, content: bytes, what: str
) -> None:
    (tmp_path / "a.xls").write_bytes(content)
    assert what in refused(tmp_path / "a.xls")


def test_a_password_is_reported(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le")
    )
    assert "it is protected by a password: save it without one" in refused(tmp_path / "a.xlsx")


def test_entities_are_refused_before_they_grow(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", "<row/>")
    with zipfile.ZipFile(tmp_path / "b.xlsx", "w") as file:
        for info in zipfile.ZipFile(path).infolist():
            content = zipfile.ZipFile(path).read(info)
            file.writestr(info.filename, content.replace(b"?><work", b'?><!DOCTYPE a [<!ENTITY b "c">]><work'))
    assert "there is a document type in it" in refused(tmp_path / "b.xlsx")


def test_a_workbook_under_the_name_of_text_is_read(tmp_path: Path) -> None:
    workbook(tmp_path / "a.xlsx", ["lokasi", "kamera"], ["kabil", "k1"]).rename(tmp_path / "a.csv")
    assert read_sheet(tmp_path / "a.csv").rows == [(2, ["kabil", "k1"])]


def test_the_header_is_looked_for_in_twenty_rows() -> None:
    assert limits.HEADER_WITHIN == 20


def test_a_row_of_nothing_but_formulas_is_not_taken_for_a_blank_one(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", ["lokasi", "kamera"], ["=A1", "=B1"])
    assert [line[:28] for line in problems(parse_sheet(read_sheet(path)))] == [
        "row 2, column A (lokasi): a ",
        "row 2, column B (kamera): a ",
    ]


def test_a_library_that_writes_an_empty_text_for_every_formula_is_not_believed(tmp_path: Path) -> None:
    cells = f'{inline("A2", "kabil")}{inline("B2", "k1")}<c r="C2" t="str"><f>A1</f><v></v></c>'
    rows = f'<row r="1">{HEAD}</row><row r="2">{cells}</row>'
    path = write_xlsx(tmp_path / "a.xlsx", rows, strings=STRINGS, workbook='<calcPr fullCalcOnLoad="1"/>')
    assert "row 2, column C (nama): a formula" in problems(parse_sheet(read_sheet(path)))[0]


@pytest.mark.parametrize(
    ("attributes", "shown", "problem"),
    [
        ('office:value-type="float" office:value="0"', "Err:502", "the spreadsheet program could not work it out"),
        (
            'office:value-type="string" calcext:value-type="error"',
            "#N/A",
            "the spreadsheet program could not work",
        ),
        ('table:formula="of:=1" office:value-type="float"', "", "a formula without its value"),
        (
            'office:value-type="date" office:date-value="2026-02-01"',
            "01/02/26",
            "the spreadsheet program has made it",
        ),
    ],
)
def test_cells_of_an_open_document_without_a_value_are_named(
    tmp_path: Path, attributes: str, shown: str, problem: str
) -> None:
    text = f"<text:p>{shown}</text:p>" if shown else ""
    cell = f"<table:table-cell {attributes}>{text}</table:table-cell>"
    texts = row("kabil", "k1").replace("</table:table-row>", f"{cell}</table:table-row>")
    sheet = parse_sheet(read_sheet(write_ods(tmp_path / "a.ods", {"A": row("lokasi", "kamera", "nama") + texts})))
    [line] = problems(sheet)
    assert line.startswith(f"row 2, column C (nama): {problem}")


def test_a_row_that_is_blank_but_for_a_hidden_column_is_blank(tmp_path: Path) -> None:
    book = Workbook()
    for cells in (["lokasi", "kamera", "rumus"], ["kabil", "k1", 1], [None, None, 2]):
        book.worksheets[0].append(cells)
    book.worksheets[0].column_dimensions["C"].hidden = True
    book.save(tmp_path / "a.xlsx")
    assert [number for number, _ in read_sheet(tmp_path / "a.xlsx").rows] == [2]
