"""What is refused before anything reads a workbook: one clear reason for each.

A file from a worker is hostile until shown otherwise. Nothing is unpacked to disk, nothing is unpacked beyond a limit, and whatever is not known to be
harmless is refused.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Mapping

MEGABYTE = 1_000_000
LARGEST_FILE = 20 * MEGABYTE
LARGEST_PART = 80 * MEGABYTE
LARGEST_WHOLE = 200 * MEGABYTE
MOST_PARTS = 400
STEEPEST = 200
"""An entry that unpacks to more than so many times its packed size (and over a megabyte) is a bomb."""

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

_REFUSED: tuple[tuple[str, str], ...] = (
    (r"vbaproject|\.bin$|macrosheets|xl/dialogsheets", "it carries macros or other binary parts"),
    (r"externallinks|externallink", "it links to other files"),
    (
        r"xl/connections|querytables|xl/webextensions|customdata|xl/model/|powerpivot",
        "it draws data from outside (a connection or a query)",
    ),
    (r"embeddings|oleobject|activex|ctrlprops", "it has other documents or controls embedded in it"),
    (r"xl/richdata|rdrichvalue|xl/featurepropertybag", "it uses rich data types, which other programs cannot recalculate"),
    (r"pivotcache|pivottables", "it has a pivot table, whose cache cannot be recalculated"),
)
_KNOWN = re.compile(
    r"\[content_types\]\.xml|_rels/\.rels|docprops/.*|docmetadata/.*|customxml/.*|mimetype|"
    r"xl/(workbook|styles|sharedstrings|metadata|calcchain|volatiledependencies)\.xml|"
    r"xl/(worksheets|charts|chartsheets|drawings|theme|media|tables|comments|threadedcomments|persons|printersettings|_rels)/.*|"
    r"xl/comments\d*\.xml|xl/persons?/.*|xl/worksheets/_rels/.*"
)
_WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
_RELATIONSHIP = re.compile(rb"<(?:\w+:)?Relationship\b[^>]*>", re.IGNORECASE)


class Unsafe(Exception):
    """The file is refused; the text is one sentence for the worker."""


def parts(data: bytes) -> Mapping[str, bytes]:
    """The parts of an .xlsx file by lower-case name, unpacked within the limits. Raises `Unsafe` with one clear reason."""
    if len(data) > LARGEST_FILE:
        raise Unsafe(f"the file has {len(data) / MEGABYTE:.0f} MB; at most {LARGEST_FILE // MEGABYTE} MB are taken")
    if data.startswith(_OLE):
        raise Unsafe("the file is encrypted or in the old binary format (.xls); save it as .xlsx without a password")
    if not data.startswith(b"PK\x03\x04"):
        raise Unsafe("the file is not an .xlsx workbook")
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, zlib.error) as problem:
        raise Unsafe("the file is damaged: its table of contents cannot be read") from problem
    _entries(entries)
    found: dict[str, bytes] = {}
    total = 0
    for entry in entries:
        if entry.is_dir():
            continue
        content = _unpack(archive, entry, LARGEST_WHOLE - total)
        total += len(content)
        found[entry.filename.lower()] = content
    _contents(found)
    return found


def _entries(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MOST_PARTS:
        raise Unsafe(f"the file has {len(entries)} parts; at most {MOST_PARTS} are taken")
    seen: set[str] = set()
    for entry in entries:
        name = entry.filename.lower()
        if name.startswith(("/", "\\")) or ".." in name or "\\" in name or ":" in name or "\0" in name:
            raise Unsafe("a part of the file has a path that leads out of it")
        if name in seen:
            raise Unsafe(f"the file has the part '{entry.filename}' twice")
        seen.add(name)
        if entry.flag_bits & 0x1:
            raise Unsafe("the file is encrypted; save it without a password")
        if entry.compress_type not in _METHODS:
            raise Unsafe("the file is packed in a way that .xlsx does not use")
        if entry.file_size > LARGEST_PART or sum(item.file_size for item in entries) > LARGEST_WHOLE:
            raise Unsafe("the file unpacks to more than is taken")
        if entry.file_size > MEGABYTE and entry.file_size > STEEPEST * max(1, entry.compress_size):
            raise Unsafe("the file unpacks to a multiple of its size that no real workbook has")
        if entry.is_dir():
            continue
        for pattern, reason in _REFUSED:
            if re.search(pattern, name):
                raise Unsafe(reason)
        if not _KNOWN.fullmatch(name):
            raise Unsafe(f"it has a part of an unknown kind, '{entry.filename[:80]}'")


def _unpack(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, left: int) -> bytes:
    """An entry's bytes; never more than it said it has."""
    try:
        with archive.open(entry) as stream:
            content = stream.read(min(entry.file_size, left) + 1)
    except (zipfile.BadZipFile, zlib.error, ValueError, OSError, EOFError, NotImplementedError, RuntimeError) as problem:
        raise Unsafe(f"the file is damaged: its part '{entry.filename[:80]}' cannot be read") from problem
    if len(content) != entry.file_size:
        raise Unsafe("the file unpacks to more than it says")
    return content


def _contents(found: Mapping[str, bytes]) -> None:
    for name in ("[content_types].xml", "_rels/.rels"):
        if name not in found:
            raise Unsafe("the file is not an .xlsx workbook")
    types = found["[content_types].xml"]
    if b"macroEnabled" in types or b"vbaProject" in types:
        raise Unsafe("it carries macros or other binary parts")
    if b"binary.macroEnabled" in types or b"sheet.binary" in types:
        raise Unsafe("the file is in the binary format (.xlsb); save it as .xlsx")
    if _WORKBOOK.encode() not in types:
        raise Unsafe("the file is not an .xlsx workbook")
    for name, content in found.items():
        if not name.endswith((".xml", ".rels", ".vml")):
            continue
        head = content[:4]
        if head.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in head:
            raise Unsafe(f"its part '{name}' is not in UTF-8")
        if b"<!DOCTYPE" in content or b"<!ENTITY" in content or b"<!doctype" in content:
            raise Unsafe("it declares XML entities, which no workbook needs")
        if name.endswith(".rels"):
            for relation in _RELATIONSHIP.findall(content):
                if (
                    b"xternal" in relation
                    and re.search(rb"TargetMode\s*=\s*[\"']External[\"']", relation, re.IGNORECASE)
                    and b"/hyperlink" not in relation
                ):
                    raise Unsafe("it links to other files")
        elif re.search(rb"<(?:\w+:)?(?:ddeLink|oleLink|oleObject|externalReference)\b", content):
            raise Unsafe("it links to other files or programs (DDE or OLE)")
