"""Hostile files: what a worker might hand in to break the verifier, to reach beyond the workbook, or to be judged by what the file says of itself.

Each is made from a real workbook, so that nothing but the one thing is wrong with it.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
from collections.abc import Callable, Mapping

Edit = Callable[[dict[str, bytes]], None]


def repacked(workbook: bytes, edit: Edit, *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """The same file with its parts changed."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    edit(parts)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as target:
        for name, content in parts.items():
            target.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, method)
    return buffer.getvalue()


def make(name: str, workbook: bytes) -> bytes:
    """The hostile file of this name, made from a workbook."""
    return _MAKERS[name][1](workbook)


_SHEET = "xl/worksheets/sheet1.xml"
_EXTERNAL = (
    b'<Relationship Id="rX" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/externalLinkPath" '
    b'Target="file:///etc/passwd" TargetMode="External"/></Relationships>'
)
_LAUGHS = b'<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
_READS = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
_DEEP = "(" * 300 + "1" + ")" * 300


def _adding(name: str, content: bytes) -> Callable[[bytes], bytes]:
    return lambda workbook: repacked(workbook, lambda parts: parts.update({name: content}))


def _replacing(part: str, pattern: bytes, by: bytes) -> Callable[[bytes], bytes]:
    def edit(parts: dict[str, bytes]) -> None:
        changed, count = re.subn(pattern, lambda _: by, parts[part], count=1)
        assert count, f"{part} has nothing like {pattern!r}"
        parts[part] = changed

    return lambda workbook: repacked(workbook, edit)


def _cells(xml: str) -> Callable[[bytes], bytes]:
    return _replacing(_SHEET, rb"</sheetData>", xml.encode() + b"</sheetData>")


def _cell(content: str) -> Callable[[bytes], bytes]:
    return _cells(f'<row r="2000"><c r="ZZ2000">{content}</c></row>')


def _locked(workbook: bytes) -> bytes:
    """The entries' flags say that they are encrypted."""
    data = bytearray(workbook)
    at = 0
    while (at := data.find(b"PK\x01\x02", at)) >= 0:
        data[at + 8] |= 1
        at += 4
    return bytes(data)


def _lying(workbook: bytes) -> bytes:
    """The table of contents gives the largest part a tenth of its size."""
    data = bytearray(workbook)
    at = data.find(b"PK\x01\x02")
    found, largest = at, 0
    while at >= 0:
        (size,) = struct.unpack_from("<I", data, at + 24)
        if size > largest:
            found, largest = at, size
        at = data.find(b"PK\x01\x02", at + 4)
    struct.pack_into("<I", data, found + 24, largest // 10)
    return bytes(data)


def _twice(workbook: bytes) -> bytes:
    import warnings

    buffer = io.BytesIO(workbook)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with zipfile.ZipFile(buffer, "a") as archive:
            archive.writestr("xl/workbook.xml", b"<workbook/>")
    return buffer.getvalue()


def _slow() -> str:
    """Every cell adds up all those above it, in many columns, over and over."""
    rows = []
    for row in range(3000, 4500):
        entries = (
            "".join(f'<c r="Z{letter}{row}"><f>SUMPRODUCT(ZA$3000:ZJ{row - 1}*ZA$3000:ZJ{row - 1})</f></c>' for letter in "ABCDEFGHIJ")
            if row > 3000
            else ""
        )
        rows.append(f'<row r="{row}">{entries}</row>')
    return "".join(rows)


_MAKERS: Mapping[str, tuple[str, Callable[[bytes], bytes]]] = {
    "empty": ("hands in nothing at all", lambda workbook: b""),
    "no-zip": ("hands in something that is no workbook", lambda workbook: b"%PDF-1.7 " + b"PASSED " * 50),
    "cut-short": ("hands in half of the file", lambda workbook: workbook[: len(workbook) // 2]),
    "old-or-encrypted": ("hands in an encrypted file", lambda workbook: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + workbook),
    "locked-entry": ("marks the packed parts as encrypted", _locked),
    "bomb": ("packs a part that unpacks to a thousand times its size", _adding("xl/media/image1.png", b"\0" * 60_000_000)),
    "many-parts": (
        "packs thousands of parts",
        lambda workbook: repacked(workbook, lambda parts: parts.update({f"xl/media/{index}.png": b"" for index in range(3_000)})),
    ),
    "lying-size": ("says that a part is smaller than it is", _lying),
    "path-trick": ("packs a part with a path that leads out", _adding("../../outside.xml", b"<a/>")),
    "twice": ("packs the same part twice", _twice),
    "laughing-entities": ("declares entities that multiply", _replacing(_SHEET, rb"<worksheet", _LAUGHS + b"<worksheet")),
    "outside-entity": ("declares an entity that reads a file", _replacing(_SHEET, rb"<worksheet", _READS + b"<worksheet")),
    "macros": ("carries macros", _adding("xl/vbaProject.bin", b"macro")),
    "external-link": ("links to a file", _replacing("xl/_rels/workbook.xml.rels", rb"</Relationships>", _EXTERNAL)),
    "dde": ("asks another program for data", _adding("xl/externalLinks/externalLink1.xml", b"<externalLink><ddeLink/></externalLink>")),
    "embedded": ("has another document embedded", _adding("xl/embeddings/oleObject1.xml", b"<a/>")),
    "connection": ("draws data from a database", _adding("xl/connections.xml", b"<connections/>")),
    "unknown-part": ("carries a part nobody knows", _adding("xl/surprise.xml", b"<a/>")),
    "far-cell": ("writes into the last cell there is", _cells('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')),
    "no-address": ("writes into a cell that is none", _cells('<row r="2000"><c r="HELLO"><v>1</v></c></row>')),
    "cell-twice": ("gives a cell twice", _cells('<row r="1"><c r="ZZ1"><v>1</v></c><c r="ZZ1"><v>2</v></c></row>')),
    "not-a-number": ("writes a number that is none", _cell("<v>NaN</v>")),
    "crowd": (
        "writes a quarter of a million cells",
        _cells(
            "".join(
                f'<row r="{row}">' + "".join(f"<c><v>{column}</v></c>" for column in range(300)) + "</row>" for row in range(2000, 2900)
            )
        ),
    ),
    "deep-formula": ("nests a formula hundreds of brackets deep", _cell(f"<f>{_DEEP}</f>")),
    "long-formula": ("writes a formula of 30,000 characters", _cell(f"<f>1{'+1' * 15_000}</f>")),
    "array": (
        "writes an array formula over many cells",
        _cells('<row r="2000"><c r="ZY2000"><f t="array" ref="ZY2000:ZZ2010">1</f></c></row>'),
    ),
    "data-table": ("writes a what-if table", _cell('<f t="dataTable" ref="ZZ2000:ZZ2001" r1="A1"/>')),
    "dde-formula": ("starts a program from a formula", _cell("<f>cmd|'/c calc'!A1</f>")),
    "web-formula": ("asks the web from a formula", _cell('<f>WEBSERVICE("http://localhost/")</f>')),
    "self-reference": ("lets a sheet of cells refer to itself", _cell("<f>ZZ2000+1</f>")),
    "slow": ("makes recalculation take for ever", _cells(_slow())),
    "utf-16": (
        "writes a part in another encoding",
        lambda workbook: repacked(workbook, lambda parts: parts.update({_SHEET: parts[_SHEET].decode().encode("utf-16")})),
    ),
    "precision-as-displayed": (
        "calculates with rounded figures",
        _replacing("xl/workbook.xml", rb"<calcPr[^>]*/?>", b'<calcPr calcId="124519" fullPrecision="0"/>'),
    ),
    "dates-from-1904": (
        "counts dates from another year",
        _replacing("xl/workbook.xml", rb"<workbookPr[^>]*/?>", b'<workbookPr date1904="1"/>'),
    ),
}

CLAIMS: Mapping[str, str] = {name: claim for name, (claim, _) in _MAKERS.items()}
"""Name -> what it tries."""
