"""An empty sheet and papers: which lines the papers name, over which periods, and how they are laid out so that they can be filled in like any other.

No word is known. A line is what a sentence begins with in quotation marks; a period is what stands before each number of a list of figures; a name to be
given is a lone word before a colon and one quoted label.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import groupby

from bakeoff.agents.apprentice.sheets.figures import lone_figure
from bakeoff.agents.apprentice.sheets.formula import column_letters, quoted
from bakeoff.agents.apprentice.sheets.grid import QUOTED, Book
from bakeoff.agents.apprentice.sheets.labels import plain
from bakeoff.agents.apprentice.sheets.papers import Papers
from bakeoff.agents.apprentice.sheets.phrases import Meaning, Phrases, read

NAME = re.compile(r"^([A-Za-z_][\w.]*): *[“«\"]([^”»\"]{1,80})[”»\"](.*)$")
FIGURE, SHARE = "#,##0.00", "0.00%"


@dataclass(frozen=True)
class Wish:
    """A name that is to be given to the cells of a line: all its periods from `first` to `last`, or its one cell where these are empty."""

    name: str
    label: str
    first: str
    last: str


@dataclass
class Outline:
    """What an empty sheet should hold: lines in the order in which the papers name them, periods in order, names. `lone`: lines of one number."""

    lines: list[str] = field(default_factory=list)
    periods: list[str] = field(default_factory=list)
    wishes: list[Wish] = field(default_factory=list)
    lone: set[str] = field(default_factory=set)
    shares: set[str] = field(default_factory=set)


def is_blank(book: Book) -> bool:
    """Whether a workbook has no line with a number, or room for one."""
    return bool(book.sheets) and not any(
        cell.kind != "text" or cell.formula for sheet in book.sheets.values() for cell in sheet.raw.values() if cell.role == "cell"
    )


def outline(papers: Papers, phrases: Phrases, house: str) -> Outline:
    """What the papers ask for. `phrases` tell which computed lines hold one number: those whose sentences mean fixed cells only."""
    found = Outline()
    series: list[tuple[str, list[str]]] = []
    given: set[str] = set()
    for line in papers.lines:
        asked = NAME.match(line)
        if asked:
            found.wishes.append(Wish(asked[1], asked[2], asked[3], ""))
            continue
        reading = read(line)
        if reading is None:
            continue
        label = reading.groups[0][0]
        if plain(label) not in map(plain, found.lines):
            found.lines.append(label)
        if len(QUOTED.findall(line)) == 1:
            text = line.split(label, 1)[1].lstrip('”»"')
            periods = periods_of(text)
            if periods:
                series.append((label, periods))
            if periods or lone_figure(text):
                given.add(plain(label))
                if "%" in text:
                    found.shares.add(plain(label))
    found.periods = joined(series, papers)
    found.wishes = [_spanned(wish, found.periods) for wish in found.wishes]
    asked_of = {plain(wish.label): wish for wish in found.wishes}
    for label in found.lines:
        wish = asked_of.get(plain(label))
        if wish is not None:
            lone = not wish.first
        elif plain(label) in given:
            lone = not any(_span(line, found.periods) for line in papers.beside(label) if len(QUOTED.findall(line)) == 1)
        else:
            lone = phrases.alone.get(house, {}).get(plain(label), _fixed(label, papers, phrases, found.lone))
        if lone:
            found.lone.add(plain(label))
    for wish in found.wishes:
        if plain(wish.label) not in map(plain, found.lines):
            found.lines.append(wish.label)
    found.lines = in_order(found.lines, phrases.order.get(house, []))
    return found


def in_order(lines: list[str], known: list[str]) -> list[str]:
    """Lines as the house orders them; one that the house was not seen to have stays behind the line that the papers name before it."""
    places: dict[str, int] = {}
    for place, label in enumerate(known):
        places.setdefault(label, place)
    keys, last = [], -1
    for line in lines:
        last = places.get(plain(line), last)
        keys.append(last)
    return [line for _, line in sorted(zip(keys, lines, strict=True), key=lambda one: one[0])]


def periods_of(text: str) -> list[str]:
    """The periods of a list of figures, `Q1 2029 EUR 120, Q2 2029 EUR 134.5`: what stands before each number, without the words common to all."""
    pieces = [piece.strip(" :.") for piece in re.split(r",\s+", text)]
    heads = []
    for piece in pieces:
        match = re.search(r"^(.*\S)\s+[-–−(]?\d[\d,]*(?:\.\d+)?(?:\s?%|x)?\)?$", piece)
        if match is None:
            return []
        heads.append(match[1].split())
    while (
        len(heads) > 1
        and all(len(head) > 1 for head in heads)
        and len({head[-1] for head in heads}) == 1
        and not re.search(r"\d", heads[0][-1])
    ):
        heads = [head[:-1] for head in heads]
    found = [" ".join(head) for head in heads]
    return found if len(found) > 1 and len(set(found)) == len(found) else []


def joined(series: list[tuple[str, list[str]]], papers: Papers) -> list[str]:
    """All periods in order: lists of the same line follow each other, and others as some sentence names both."""
    whole: list[list[str]] = []
    for _, group in groupby(series, key=lambda one: one[0]):
        row: list[str] = []
        for _, periods in group:
            row += [period for period in periods if period not in row]
        whole.append(row)
    found: list[str] = max(whole, key=len, default=[])
    for row in whole:
        new = [period for period in row if period not in found]
        if not new:
            continue
        before = row.index(new[0]) == 0
        if len(new) == len(row):
            spots = [[_at(line, period) for period in (new[0], found[0])] for line in papers.lines]
            named = next((both for both in spots if min(both) >= 0), None)
            if named is None:
                continue
            before = named[0] < named[1]
        found = new + found if before else found + new
    return found


def _at(text: str, period: str) -> int:
    match = re.search(r"(?<![\w-])" + re.escape(period) + r"(?![\w-])", text)
    return match.start() if match else -1


def _spanned(wish: Wish, periods: list[str]) -> Wish:
    span = _span(wish.first, periods)
    return Wish(wish.name, wish.label, *(span or ("", "")))


def _span(text: str, periods: list[str]) -> tuple[str, str] | None:
    """The first and the last period that a text names."""
    named = [period for period in periods if _at(text, period) >= 0]
    return (named[0], named[-1]) if named else None


def _fixed(label: str, papers: Papers, phrases: Phrases, lone: set[str]) -> bool:
    """Whether the sentence about a line means nothing but fixed cells."""
    for sentence in papers.beside(label):
        reading = read(sentence)
        if reading is None or plain(reading.groups[0][0]) != plain(label):
            continue
        meanings: list[tuple[Meaning, int]] = phrases.meanings(reading)
        if not meanings:
            return all(plain(name) in lone for group in reading.groups[1:] for name in group) and len(reading.groups) > 1
        return all(fixed or group < 0 for group, _, fixed in meanings[0][0].places)
    return False


@dataclass
class Layout:
    """Where an outline goes: sheet, first free row, the columns of labels, of single numbers, of the first period."""

    sheet: str
    top: int
    left: int
    outline: Outline

    @property
    def own(self) -> int:
        return self.left + 1

    @property
    def first(self) -> int:
        return self.left + 2

    def row(self, label: str) -> int:
        """The row of a line; 0 for one that is not in the outline."""
        return next((self.top + 1 + at for at, line in enumerate(self.outline.lines) if plain(line) == plain(label)), 0)

    def area(self, row: int, columns: tuple[int, int], last: int = 0) -> str:
        """An address of one row, or of several."""
        return f"{quoted(self.sheet)}!{column_letters(columns[0])}{row}:{column_letters(columns[1])}{last or row}"

    def columns(self, label: str) -> tuple[int, int]:
        """First and last column of a line's numbers."""
        if plain(label) in self.outline.lone or not self.outline.periods:
            return self.own, self.own
        return self.first, self.first + len(self.outline.periods) - 1

    def formats(self, looks: dict[str, str], share: bool) -> list[tuple[str, str]]:
        """Areas and their number formats: as the house dresses such lines; else shares of one in per cent where papers say so."""
        said = []
        for line in self.outline.lines:
            usual = SHARE if share and plain(line) in self.outline.shares else FIGURE
            said.append((looks.get(plain(line), usual), self.columns(line), self.row(line)))
        return [
            (self.area((rows := list(group))[0][2], columns, rows[-1][2]), number)
            for (number, columns), group in groupby(said, key=lambda one: (one[0], one[1]))
        ]

    def named(self, wish: Wish) -> str:
        """The address that a wish asks a name for; empty where there is none."""
        row, periods = self.row(wish.label), self.outline.periods
        if not row:
            return ""
        if not wish.first:
            return self.area(row, self.columns(wish.label))
        return self.area(row, (self.first + periods.index(wish.first), self.first + periods.index(wish.last)))


def layout(book: Book, outlined: Outline) -> Layout:
    """The outline below whatever stands on the sheet in view."""
    name = book.current if book.current in book.sheets else next(iter(book.sheets))
    raw = book.sheets[name].raw
    return Layout(name, max((row for row, _ in raw), default=0) + 2, min((column for _, column in raw), default=1), outlined)
