"""The known columns and their names, Indonesian and English, as departments write them.

Names are compared without case, spaces, underscores, points and text in parentheses.
"""

import itertools
import re
from collections.abc import Sequence
from typing import NamedTuple

_PARENTHESES = re.compile(r"\([^)]*\)|\[[^]]*\]")
_SEPARATORS = re.compile(r"[^0-9a-z]+")
_SHORTEST_MISSPELT = 5
"""Letters of the shortest word that may be a misspelt one; shorter ones are too often another word (IP, ID)."""

REQUIRED = ("site", "id")
"""Keys of the columns that a sheet must have."""


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
    return Column(key, title, example, frozenset(map(str.strip, (key, title, *names.split(",")))))


def _words(name: str) -> tuple[str, ...]:
    return tuple(filter(None, _SEPARATORS.split(_PARENTHESES.sub("", name).casefold())))


def _normalised(name: str) -> str:
    return "".join(_words(name))


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
    _column("contact", "kontak", "Budi 0812-7700-1234", "narahubung, penanggung jawab, pic, telepon, phone"),
    _column("tags", "tanda", "lalu-lintas, simpang", "tag, label, labels, kata kunci, kategori"),
)

_BY_NAME = {_normalised(name): column.key for column in COLUMNS for name in column.names}
_BY_WORDS = {_words(name): column.key for column in COLUMNS for name in column.names}
_OTHER_WORDS = frozenset(
    {
        "alokasi", "bintang", "bubur", "busur", "cameras", "devices", "ganda", "koleksi", "koreksi", "lautan",
        "locations", "owners", "pemilih", "perangkap", "perekat", "projects", "programs", "providers", "recorded",
        "rekaman", "saringan", "singkat", "tekanan", "teknis", "tenda", "tingkah", "titip", "tunda", "uplinks",
        "vendors",
    }
)  # fmt: skip
"""Words that differ from one of a column name by a letter and are not misspelt: `rekaman` is not `rekanan`."""

_VOCABULARY = frozenset(itertools.chain.from_iterable(_BY_WORDS)) | _OTHER_WORDS


def column_named(name: str) -> str | None:
    """Return the key of the column with that name, or None if it is unknown."""
    return _BY_NAME.get(_normalised(name))


def parse_header(cells: Sequence[str]) -> Header:
    """Find the known columns in a header row.

    A misspelt name is a problem, because it would lose the column's values. Any other unknown name is ignored:
    departments keep more in their lists than an inventory needs.
    """
    places: dict[str, int] = {}
    problems, ignored = [], []
    for at, cell in enumerate(cells):
        key = column_named(cell)
        if key is None:
            near = _misspelt(cell)
            if near:
                problems.append((at, f"there is no column `{cell}`; did you mean `{_title(near)}`?"))
            elif cell:
                ignored.append((at, cell))
        elif places.setdefault(key, at) != at:
            problems.append((at, f"expected each column once, and `{cells[places[key]]}` is `{cell}` too"))
    return Header(places, problems, ignored)


def _misspelt(name: str) -> str | None:
    """Return the key of the column whose name this is but for one letter in one word, or None.

    Two names that differ by a whole word are different columns: `IP Kamera` is no misspelt `ID Kamera`.
    """
    words = _words(name)
    for known, key in _BY_WORDS.items():
        if len(known) == len(words):
            different = [pair for pair in zip(words, known, strict=True) if pair[0] != pair[1]]
            if len(different) == 1 and _is_misspelt(*different[0]):
                return key
    return None


def _is_misspelt(word: str, known: str) -> bool:
    """Return whether a word is another but for one letter: added, missing, exchanged or swapped with the next."""
    if min(len(word), len(known)) < _SHORTEST_MISSPELT or word in _VOCABULARY:
        return False
    if abs(len(word) - len(known)) > 1:
        return False
    at = next((at for at, (one, other) in enumerate(zip(word, known, strict=False)) if one != other), len(known))
    rest, known_rest = word[at:], known[at:]
    return (
        known_rest[1:] in (rest, rest[1:])
        or known_rest == rest[1:]
        or (rest[:2] == known_rest[1::-1] and rest[2:] == known_rest[2:])
    )


def _title(key: str) -> str:
    column = next(column for column in COLUMNS if column.key == key)
    return f"{column.title}` or `{column.key}"
