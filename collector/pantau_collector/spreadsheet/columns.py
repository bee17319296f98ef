"""The known columns and their names, Indonesian and English, as departments write them.

Names are compared without case, spaces, underscores, points and text in parentheses.
"""

import difflib
import re
from collections.abc import Sequence
from typing import NamedTuple

_PARENTHESES = re.compile(r"\([^)]*\)|\[[^]]*\]")
_SEPARATORS = re.compile(r"[^0-9a-z]+")
_SIMILAR = 0.8
"""Similarity (of `difflib`, 0 to 1) from which an unknown column name is taken for a misspelt known one."""


class Column(NamedTuple):
    """A column: its key, its title in the template (Indonesian), an example, and all its names."""

    key: str
    title: str
    example: str
    names: frozenset[str]


class Header(NamedTuple):
    """The position (from 0) of each known column in a sheet, the problems, and the columns that are ignored."""

    places: dict[str, int]
    problems: list[tuple[int, str]]
    ignored: list[tuple[int, str]]


def _column(key: str, title: str, example: str, names: str) -> Column:
    return Column(key, title, example, frozenset(map(_normalised, (key, title, *names.split(",")))))


def _normalised(name: str) -> str:
    return _SEPARATORS.sub("", _PARENTHESES.sub("", name).casefold())


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
    """Return the key of the column with that name, or None if it is unknown."""
    return _BY_NAME.get(_normalised(name))


def parse_header(cells: Sequence[str]) -> Header:
    """Find the known columns in a header row.

    A name similar to a known one is a problem, because a typing error would lose the column's values. Any other
    unknown name is ignored: departments keep more in their lists than an inventory needs.
    """
    places: dict[str, int] = {}
    problems, ignored = [], []
    for at, cell in enumerate(cells):
        key = column_named(cell)
        if key is None:
            near = difflib.get_close_matches(_normalised(cell), _BY_NAME, n=1, cutoff=_SIMILAR)
            if near:
                problems.append((at, f"there is no column `{cell}`; did you mean `{_title(_BY_NAME[near[0]])}`?"))
            elif cell:
                ignored.append((at, cell))
        elif places.setdefault(key, at) != at:
            problems.append((at, f"expected each column once, and `{cells[places[key]]}` is `{cell}` too"))
    return Header(places, problems, ignored)


def _title(key: str) -> str:
    column = next(column for column in COLUMNS if column.key == key)
    return f"{column.title}` or `{column.key}"
