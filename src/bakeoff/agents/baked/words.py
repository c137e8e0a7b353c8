"""Texts as numbers, without a vocabulary: hashed character n-grams; and an instruction as pieces that an answer can be put together from.

Nothing here is fitted to any product. Dates and numbers are understood as people write them in English, because a field may want them otherwise.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

BUCKETS = 8192
"""Size of the hash table of n-grams; row 0 pads."""

LONGEST = 48
"""Characters of a text that are looked at."""

_TOKEN = re.compile(r"[#€$]?\d[\d,.:/-]*\d%?|[\w#@&'’+./:€$%-]*[\w#@€$%]|[^\w\s]")
_MONTHS = "january february march april may june july august september october november december".split()
_MONTH = "|".join(f"{name}|{name[:3]}" for name in _MONTHS)
_DATES = re.compile(
    rf"(?P<y>\d{{4}})-(?P<m>\d\d)-(?P<d>\d\d)|(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? (?P<m2>{_MONTH})\.?,? (?P<y2>\d{{4}})"
    rf"|(?P<m3>{_MONTH})\.? (?P<d3>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<y3>\d{{4}})",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?")


@lru_cache(maxsize=200_000)
def grams(text: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Two bags of a text, without regard to case: its hashed n-grams, 3 characters long, by which like words are alike; its words and the
    whole, by which they are told apart. Neither is empty, so that no text is nothing."""
    plain = " ".join(text.lower().split())[:LONGEST]
    padded = f" {plain} "
    parts = {f"3:{padded[at : at + 3]}" for at in range(max(len(padded) - 2, 1))}
    words = {f"w:{word}" for word in re.findall(r"\w+", plain)} | {f"t:{plain}"}
    return _hashed(parts), _hashed(words)


def _hashed(found: set[str]) -> NDArray[np.int64]:
    return np.array(sorted({zlib.crc32(gram.encode()) % (BUCKETS - 1) + 1 for gram in found}), dtype=np.int64)


@lru_cache(maxsize=100_000)
def tokens(text: str) -> tuple[str, ...]:
    """Words and signs of a text, in order."""
    return tuple(_TOKEN.findall(text))


@lru_cache(maxsize=100_000)
def plain_words(text: str) -> frozenset[str]:
    """Its words in lower case, without signs."""
    return frozenset(re.findall(r"\w+", text.lower()))


def join(pieces: tuple[str, ...]) -> str:
    """A text from its tokens: blanks between words, none before commas and the like."""
    out = ""
    for piece in pieces:
        out += piece if not out or piece in (",", ";", ".", ":", "!", "?", ")") or out[-1] == "(" else f" {piece}"
    return out


@dataclass(frozen=True, slots=True)
class Piece:
    """Something that may be copied from an instruction. `way` says how: 0 as it stands, else the number of a form of a date or number."""

    text: str
    way: int
    place: int


WAYS = 13


def pieces(goal: str) -> tuple[Piece, ...]:
    """The tokens of an instruction, without quotation marks, and its dates and numbers in the forms that fields ask for."""
    found: list[Piece] = []
    for place, token in enumerate(tokens(goal)):
        word = token.strip("'’")
        if not word or word in ('"', "“", "”"):
            continue
        found.append(Piece(word, 0, place))
        number = _NUMBER.fullmatch(word.lstrip("€$").rstrip("%"))
        if number is not None:
            found += [Piece(text, way, place) for text, way in _number_forms(number[0]) if text != word]
    for match in _DATES.finditer(goal):
        place = len(tokens(goal[: match.start()]))
        found += [Piece(text, way, place) for text, way in _date_forms(match)]
    return tuple(found)


def _number_forms(text: str) -> list[tuple[str, int]]:
    value = float(text.replace(",", ""))
    whole = f"{value:.0f}" if value == int(value) else f"{value:g}"
    return [(whole, 1), (f"{value:.2f}", 2), (f"{value:,.2f}", 3), (f"{value:,.0f}" if value == int(value) else f"{value:,}", 4)]


_WAYS = (
    (re.compile(r"\d+(\.\d)?"), 1),
    (re.compile(r"\d+\.\d\d"), 2),
    (re.compile(r"\d{1,3}(,\d{3})+\.\d\d"), 3),
    (re.compile(r"\d{1,3}(,\d{3})+"), 4),
    (re.compile(r"\d{4}-\d\d-\d\d"), 5),
    (re.compile(r"\d\d\.\d\d\.\d{4}"), 6),
    (re.compile(r"\d\d/\d\d/\d{4}"), 7),
    (re.compile(r"\d{1,2} [A-Z][a-z]{2} \d{4}"), 9),
    (re.compile(r"\d{1,2} [A-Z][a-z]+ \d{4}"), 10),
    (re.compile(r"[A-Z][a-z]{2} \d{1,2}, \d{4}"), 11),
    (re.compile(r"\d\d-\d\d-\d{4}"), 12),
)


@lru_cache(maxsize=100_000)
def way_of(text: str) -> int:
    """In which of the forms of `pieces` a date or number is written, 0 for anything else: what a field holds shows what it wants."""
    plain = text.strip(" €$%")
    return next((way for pattern, way in _WAYS if pattern.fullmatch(plain)), 0)


def _date_forms(match: re.Match[str]) -> list[tuple[str, int]]:
    parts = match.groupdict()
    year = parts["y"] or parts["y2"] or parts["y3"]
    month = parts["m"] or parts["m2"] or parts["m3"]
    day = parts["d"] or parts["d2"] or parts["d3"]
    number = int(month) if month.isdigit() else next(n for n, name in enumerate(_MONTHS, start=1) if name.startswith(month.lower()))
    try:
        when = date(int(year), number, int(day))
    except ValueError:
        return []
    return [
        (when.isoformat(), 5),
        (f"{when:%d.%m.%Y}", 6),
        (f"{when:%d/%m/%Y}", 7),
        (f"{when:%m/%d/%Y}", 8),
        (f"{when.day} {when:%b %Y}", 9),
        (f"{when.day} {when:%B %Y}", 10),
        (f"{when:%b} {when.day}, {when:%Y}", 11),
        (f"{when:%d-%m-%Y}", 12),
    ]
