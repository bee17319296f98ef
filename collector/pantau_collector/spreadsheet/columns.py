"""The columns that are understood, and by which names: Indonesian and English, as departments write them.

A name is compared without case, spaces, underscores, points and what stands in parentheses.
"""

import difflib
import re
from collections.abc import Sequence
from typing import NamedTuple

_PARENTHESES = re.compile(r"\([^)]*\)|\[[^]]*\]")
_NO_LETTER = re.compile(r"[^0-9a-z]+")
_NEAR = 0.8


class Column(NamedTuple):
    """A column: its key, its name in the template (Indonesian), an example, and all names it is known by."""

    key: str
    title: str
    example: str
    names: frozenset[str]


class Header(NamedTuple):
    """Which column of the sheet (from 0) holds which key; what is wrong; what is passed over."""

    places: dict[str, int]
    problems: list[tuple[int, str]]
    passed_over: list[tuple[int, str]]


def _column(key: str, title: str, example: str, names: str) -> Column:
    return Column(key, title, example, frozenset(map(_plain, (key, title, *names.split(",")))))


def _plain(name: str) -> str:
    return _NO_LETTER.sub("", _PARENTHESES.sub("", name).casefold())


COLUMNS = (
    _column("site", "lokasi", "simpang-kabil", "site id, id lokasi, kode lokasi, id site, kode site, titik"),
    _column("site_name", "nama lokasi", "Simpang Kabil", "location name, nama titik, nama site, location"),
    _column("id", "kamera", "kabil-utara", "camera, camera id, id kamera, kode kamera, cctv, id cctv, kode cctv"),
    _column("name", "nama", "Kabil arah utara", "camera name, nama kamera, nama cctv"),
    _column("kind", "jenis", "kamera", "type, tipe, jenis perangkat, device type"),
    _column("via", "melalui", "", "behind, lewat, perekam, recorder, nvr, dvr, switch, induk"),
    _column("uplink", "jaringan", "", "provider, penyedia, isp, koneksi, tautan, internet"),
    _column("owner", "pemilik", "dishub", "department, dinas, skpd, opd, instansi, milik"),
    _column("maintainer", "pemelihara", "", "contractor, vendor, kontraktor, teknisi, rekanan, pengelola"),
    _column("project", "proyek", "Jalan Layang Kabil", "kegiatan, program, pekerjaan"),
    _column("criticality", "kepentingan", "tinggi", "priority, prioritas, kekritisan, importance, tingkat"),
    _column("latitude", "lintang", "1,0836", "lat, garis lintang, koordinat lintang, y, koordinat y"),
    _column("longitude", "bujur", "104,0934", "lon, long, lng, garis bujur, koordinat bujur, x, koordinat x"),
    _column("coordinates", "koordinat", "", "coordinate, lat long, lat lon, latlong, titik koordinat, gps"),
    _column("tags", "tanda", "lalu-lintas, simpang", "tag, label, labels, kata kunci, kategori"),
)

_BY_NAME = {name: column.key for column in COLUMNS for name in column.names}


def column_named(name: str) -> str | None:
    """The key of the column of that name; None for one that is not understood."""
    return _BY_NAME.get(_plain(name))


def understand_header(cells: Sequence[str]) -> Header:
    """Finds out what each column holds.

    A name that is nearly one that is understood is a problem, for its values would be lost by a slip of the pen;
    any other is passed over, for departments keep more in their lists than an inventory needs.
    """
    places: dict[str, int] = {}
    problems, passed_over = [], []
    for at, cell in enumerate(cells):
        key = column_named(cell)
        if key is None:
            near = difflib.get_close_matches(_plain(cell), _BY_NAME, n=1, cutoff=_NEAR)
            if near:
                problems.append((at, f"there is no column `{cell}`; did you mean `{_title(_BY_NAME[near[0]])}`?"))
            elif cell:
                passed_over.append((at, cell))
        elif places.setdefault(key, at) != at:
            problems.append((at, f"expected each column once, and `{cells[places[key]]}` is `{cell}` too"))
    return Header(places, problems, passed_over)


def _title(key: str) -> str:
    column = next(column for column in COLUMNS if column.key == key)
    return f"{column.title}` or `{column.key}"
