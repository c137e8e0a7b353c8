"""Figures that a paper gives for rows of the workbook: which cells they belong into, and in what sign and scale."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from bakeoff.agents.apprentice.sheets.grid import QUOTED, Book, Row
from bakeoff.agents.apprentice.sheets.labels import alike, plain
from bakeoff.agents.apprentice.sheets.papers import Papers, split, typed
from bakeoff.agents.apprentice.sheets.phrases import find, sign


@dataclass
class Figure:
    """A row and what a paper says of it: column -> number as the paper has it (`4.4%`, `12.5`)."""

    row: Row
    said: dict[int, str]
    sentence: str


@dataclass
class Way:
    """One way of entering a figure's numbers: contents by column."""

    texts: dict[int, str]
    features: dict[str, float] = field(default_factory=dict)


def figures(book: Book, papers: Papers, current: str) -> list[Figure]:
    """All sentences that name one row and then give numbers for it, and no other row."""
    found = []
    for line in papers.lines:
        labels = QUOTED.findall(line)
        if len(labels) != 1:
            continue
        sheet = current if current in book.sheets else next(iter(book.sheets))
        row = find(book, labels[0], Row(sheet, 0)) or roomy(book, labels[0])
        if row is None:
            continue
        text = line.split(labels[0], 1)[1].lstrip('”»"')
        said = _by_column(book, row, text)
        if said and not any(book.sheets[row.sheet].at(row.number, column).formula for column in said):
            found.append(Figure(row, said, line))
    return found


def roomy(book: Book, label: str) -> Row | None:
    """For a label that no row has: the row called most alike among those with room for one number beside their formulas."""
    found = []
    for name, sheet in book.sheets.items():
        for number, text in sheet.labels.items():
            likeness = alike(label, text)
            if likeness >= 0.4 and _room(book, Row(name, number)):
                found.append((-likeness, Row(name, number)))
    return min(found)[1] if found else None


def _room(book: Book, row: Row) -> int:
    """The one empty cell, dressed for a number, in front of a row's formulas; 0 without one."""
    sheet = book.sheets[row.sheet]
    line = sheet.by_row.get(row.number, {})
    empty = [column for column, cell in line.items() if cell.kind == "empty" and cell.format and column not in sheet.series]
    return empty[0] if len(empty) == 1 and any(line[column].formula for column in line if column in sheet.series) else 0


def _by_column(book: Book, row: Row, text: str) -> dict[int, str]:
    sheet = book.sheets[row.sheet]
    titles = {column: sheet.head(row.number, column) for column in sheet.series}
    spots = sorted((at, column) for column, title in titles.items() if title and (at := _find(text, title)) >= 0)
    if (
        len(spots) == 2
        and (parts := split(text[: spots[0][0]])) is not None
        and split(text[spots[0][0] + len(titles[spots[0][1]]) : spots[1][0]]) is None
    ):
        return {column: parts[1] for column in sheet.series if spots[0][1] <= column <= spots[1][1]}  # one number from a period to another
    if spots:
        found = {}
        for place, (at, column) in enumerate(spots):
            end = spots[place + 1][0] if place + 1 < len(spots) else len(text)
            number = typed(text[at + len(titles[column]) : end])
            if number is None:
                return {}
            found[column] = number
        return found
    column, number = home_column(book, row), lone_figure(text)
    return {column: number} if column and number else {}


def lone_figure(text: str) -> str:
    """The number or date that is all a text has to say, as one would type it; empty where it says more or less."""
    date = re.fullmatch(r"[\s:]*(\d{4}-\d\d-\d\d)[\s.]*", text)
    if date:
        return date[1]
    parts = split(text)
    if parts is None:
        return ""
    before, number, after = parts
    return "" if len(before.split()) > 4 or after.strip(" .;") else number  # a sentence that goes on speaks of something else


def _find(text: str, title: str) -> int:
    match = re.search(r"(?<![\w-])" + re.escape(title) + r"(?![\w-])", text)
    return match.start() if match else -1


def home_column(book: Book, row: Row) -> int:
    """Where a single number of a row stands or would stand; 0 where there is no room."""
    sheet = book.sheets[row.sheet]
    line = {column: cell for column, cell in sheet.by_row.get(row.number, {}).items() if cell.role == "cell" and cell.kind != "text"}
    if room := _room(book, row):
        return room
    numbered = [column for column, cell in line.items() if cell.number is not None]
    if numbered:
        return numbered[0]
    own = [column for column in line if column not in sheet.series]
    return own[0] if own else min(line, default=0)


def ways(book: Book, figure: Figure, papers: Papers, signs: dict[str, int]) -> list[Way]:
    """How the figure might be entered: as it is said or with the sign turned, a percentage as a share or as a plain number."""
    sheet = book.sheets[figure.row.sheet]
    line = sheet.by_row.get(figure.row.number, {})
    share = any("%" in cell.format for cell in line.values() if cell.kind != "text")
    percent = any(text.endswith("%") for text in figure.said.values())
    told = papers.percent()
    said = figure.said
    if percent and told is not None and told > 1:  # neither shares nor hundreds: the number is known, and not a matter of doubt
        said = {column: f"{float(text.removesuffix('%')) * told:.10g}" for column, text in figure.said.items()}
        percent = False
    known = sign(book, figure.row, signs)
    kin = _kin(book, figure.row, papers, signs)
    found = []
    for turned in (False, True):
        for plainly in (True, False) if percent else (True,):
            texts = {}
            for column, text in said.items():
                number = text.removesuffix("%") if percent and plainly else text
                texts[column] = ("-" + number).replace("--", "") if turned and number.strip("-0.%") else number
            features = {"turned": float(turned)}
            negative = -1 if turned else 1
            features["sign as row"] = float(known * negative)
            if not known:
                features["sign as kin"] = kin * negative
            if percent:
                features["percent as shown"] = 1.0 if plainly != share else -1.0
                features[f"percent plain:{plainly}"] = 1.0
            found.append(Way(texts, features))
    return found


def _kin(book: Book, row: Row, papers: Papers, signs: dict[str, int]) -> float:
    """-1 to 1: the signs of rows that are named together with this one, or called alike."""
    label = book.sheets[row.sheet].label(row.number)
    votes: list[float] = []
    known = {
        plain(text): sign(book, Row(name, number), signs) for name, sheet in book.sheets.items() for number, text in sheet.labels.items()
    }
    for line in papers.beside(label):
        together = [plain(text) for text in QUOTED.findall(line) if plain(text) != plain(label)]
        if len(together) >= 3:
            votes += [2.0 * value for text in together if (value := known.get(text, 0))]
    for text, value in {**signs, **known}.items():
        likeness = alike(text, label)
        if value and likeness > 0.6 and text != plain(label):
            votes.append(value * likeness)
    return max(-1.0, min(1.0, sum(votes))) if votes else 0.0
