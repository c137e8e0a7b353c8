"""What the small policy sees of a workbook: papers, tabs, and the lines of all sheets that it has looked at in this episode. From observations alone."""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from bakeoff.agents.apprentice.sheets import timeline
from bakeoff.agents.apprentice.sheets.formula import Node, Unreadable, column_letters, parse, quoted, read_ref, rebuild, relative
from bakeoff.agents.apprentice.sheets.grid import QUOTED, Book, Cell, Row, Sheet
from bakeoff.agents.apprentice.sheets.labels import alike, plain
from bakeoff.agents.baked.pieces import Lines, Piece, spell
from bakeoff.core import Action, Observation

Floats = NDArray[np.float32]
T = TypeVar("T")
DOCUMENT, TAB, LINE = range(3)
WINDOW = (40, 20)
"""Rows and columns in view at once, as the location says it."""
MOST_LINES, MOST_PAST, MOST_SOURCE = 120, 6, 96
FEATURES, PERIOD_FEATURES, GENERAL = 40, 14, 7
REST, UNEVEN, SINGLE, BEGUN, LATEST, TURNED, BELOW = 14, 20, 21, 23, 28, 36, 37
"""Places among a line's features: share of open cells that are empty; these are reckoned unevenly; it has one figure; the first open cell holds a formula; the latest action was on it;
its sheet runs down; the line below is asked for."""
_SENTENCE = re.compile(r"(?<=[.;!?])\s+|\n+")
_WORD = re.compile(r"[“«\"][^”»\"]{1,80}[”»\"]|\d[\d.,]*|\w+|[%/]")

LABEL, DEFINITION, PAST, SIBLING, RULE = range(5)
"""Where a token of a line's source comes from."""


@dataclass(frozen=True, slots=True)
class Token:
    """Something that a formula is made from. `words`: what it says. `piece`: what of a formula it is. `lines`: which lines it may mean."""

    segment: int
    words: tuple[str, ...] = ()
    piece: Piece | None = None
    lines: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Deed:
    """An action of this episode as it is remembered: the tool and the name of what it was done to."""

    tool: str
    name: str


@dataclass(frozen=True, eq=False)
class Desk:
    """A prompt of the policy for workbooks: items (papers, tabs, lines) that actions point at.

    Attributes:
        refs: of each item, how actions call it. kinds, names, headings, homes: what it is, and its texts. features: (items, FEATURES).
        book, lines: the workbook as seen, and its lines; the first line is item `first`.
        windows: of each tab, the corner of its next part that was not in view yet.
        goal: the instruction, a bag of words for each sentence. rules: likewise the papers, but for sentences about one line.
        past: what was done, the latest last. step: actions so far.
        suspect: nothing that was asked for is missing: if anything is wrong, it is in what stands there.
        general: facts about the whole: see `_general`.
        salt: not empty where labels are shown under made-up names, so that what is learned there is learned from the papers and the formulas.
    """

    refs: tuple[str, ...]
    kinds: tuple[int, ...]
    names: tuple[str, ...]
    headings: tuple[str, ...]
    homes: tuple[str, ...]
    features: Floats
    book: Book
    lines: Lines
    first: int
    windows: tuple[str, ...]
    goal: tuple[tuple[str, ...], ...]
    rules: tuple[tuple[str, ...], ...]
    past: tuple[Deed, ...]
    step: int
    suspect: bool
    general: tuple[float, ...]
    salt: str = ""
    pieces: tuple[str, ...] = ()
    kept: dict[tuple[str, int], Any] = field(default_factory=dict)

    def shown(self, text: str) -> str:
        """A label as the network is shown it."""
        return made_up(self.salt, text) if self.salt and text else text

    def columns(self, line: int) -> tuple[int, ...]:
        """The columns in which a line has room for a figure, in order."""
        row = self.lines.rows[line]
        return _columns(self.book, row)

    def source(self, line: int) -> tuple[Token, ...]:
        """What the formula of a line is made from: its label, what papers say of it, how its past is reckoned, how a line like it is."""
        return self._once("source", line, lambda: _source(self, line))

    def present(self, line: int) -> tuple[tuple[Piece, ...] | None, ...]:
        """The formulas that stand in a line's open periods, each once; None for one that cannot be said, and for a typed number."""
        return self._once("present", line, lambda: _present(self, line))

    def period_features(self, line: int) -> Floats:
        """(columns of the line, PERIOD_FEATURES)."""
        return self._once("periods", line, lambda: _period_features(self, line))

    def _once(self, what: str, line: int, make: Callable[[], T]) -> T:
        key = (what, line)
        if key not in self.kept:
            self.kept[key] = make()
        return self.kept[key]

    @cached_property
    def by_label(self) -> dict[str, tuple[int, ...]]:
        found: dict[str, tuple[int, ...]] = {}
        for at in range(len(self.lines.rows)):
            key = plain(self.names[self.first + at])
            found[key] = (*found.get(key, ()), at)
        return found

    @cached_property
    def sentences(self) -> dict[str, str]:
        """Sentences that begin with a label in quotation marks, by that label."""
        found: dict[str, str] = {}
        for text in self.book.papers.values():
            for line in text.splitlines():
                match = QUOTED.match(line.strip())
                if match:
                    found.setdefault(plain(match[1]), line.strip())
        return found


@dataclass(frozen=True, eq=False)
class Cloze:
    """A line whose formula, seen elsewhere in a demonstration, is to be said: it is not among what the policy is shown."""

    desk: Desk
    line: int

    @property
    def refs(self) -> tuple[str, ...]:
        return ()


@lru_cache(maxsize=50_000)
def made_up(salt: str, text: str) -> str:
    """A made-up name for a label: the same for the same label under the same salt."""
    rng = random.Random(f"{salt}/{plain(text)}")
    return " ".join("".join(rng.choice("bdfgklmnprstvz") + rng.choice("aeiou") for _ in range(rng.randint(2, 3))) for _ in range(2))


class Eyes:
    """Looks at a workbook through one episode, and remembers what was seen and done."""

    def __init__(self) -> None:
        self._book = Book()
        self._windows: dict[str, set[tuple[int, int]]] = {}
        self._ends: dict[str, tuple[int, int]] = {}
        self._past: tuple[Deed, ...] = ()
        self._done: defaultdict[str, Counter[Row]] = defaultdict(Counter)
        self._latest: tuple[Row, ...] = ()
        self._pending: tuple[str, tuple[Row, ...], str] | None = None
        self._shown: tuple[object, ...] = ()
        self._oriented: tuple[object, ...] = ()
        self._copies: dict[str, Sheet] = {}

    def look(self, seen: Observation) -> Desk:
        """The prompt for this moment."""
        changed = False
        if self._pending is not None:
            tool, rows, name = self._pending
            self._pending = None
            changed = tool == "write" or tool == "fill"
            if not seen.error:
                self._latest = rows
                self._done[tool].update(rows)
            self._past = (*self._past, Deed(tool, name if not seen.error else "error"))
        book = self._book
        if changed or self._shown != (seen.location, seen.text):
            book.absorb(seen)
            self._copies.pop(book.current, None)
            self._shown = (seen.location, seen.text)
        for element in seen.elements:
            if element.role == "tab":
                ref = read_ref(element.attributes.get("used", "A1:A1").rpartition(":")[2])
                self._ends[element.name] = (ref.row, ref.column) if ref else (1, 1)
        corner = read_ref(seen.location.partition(":")[0], book.current)
        if corner is not None:
            self._windows.setdefault(corner.sheet, set()).add((corner.row, corner.column))
        now = (seen.goal, dict(book.papers), set(book.sheets))
        if now != self._oriented:
            book.orient(seen.goal)
            self._oriented = now
            self._copies.clear()
        return _desk(book, self._copies, seen, self._next, self._past, self._done, self._latest)

    def did(self, action: Action, seen: Observation) -> None:
        """Remembers an action; whether it went through is seen at the next look."""
        given = action.arguments
        where = str(given.get("cell", given.get("range", "")))
        rows: tuple[Row, ...] = ()
        name = str(given.get("document", where))
        tab = next((tab for tab in self._book.tabs if where and self._next(tab) == where), None)
        found = spans(self._book, where) if where and tab is None else None
        if tab is not None:
            name = tab
        elif found is not None:
            (first, _), (last, _) = found
            count = last.number - first.number + 1
            if action.tool == "write_block":
                sheet = self._book.sheets[first.sheet]
                block = given.get("rows") or [[]]
                count = len(block[0]) if sheet.down else len(block)
            rows = tuple(Row(first.sheet, first.number + more) for more in range(max(count, 1)))
            name = self._book.label(first) or where
        kind = "write" if action.tool == "write_block" else action.tool
        self._pending = (kind, rows, name)

    def _next(self, tab: str) -> str:
        """The corner of a tab's next part that was not in view; empty when all was."""
        bottom, right = self._ends.get(tab, (1, 1))
        seen = self._windows.get(tab, set())
        for row in range(1, bottom + 1, WINDOW[0]):
            for column in range(1, right + 1, WINDOW[1]):
                if (row, column) not in seen:
                    return f"{quoted(tab)}!{column_letters(column)}{row}"
        return ""


def spans(book: Book, text: str) -> tuple[tuple[Row, int], tuple[Row, int]] | None:
    """First and last line and column of an address, as lines and periods; None where it is no address of a sheet that was seen."""
    start, _, end = text.partition(":")
    first = read_ref(start, book.current)
    last = read_ref(end, first.sheet) if end and first else first
    if first is None or last is None or first.sheet not in book.sheets:
        return None
    sheet = book.sheets[first.sheet]
    one, other = (sheet.turned(ref.row, ref.column) for ref in (first, last))
    return (Row(first.sheet, one[0]), one[1]), (Row(first.sheet, other[0]), other[1])


def address(book: Book, row: Row, column: int) -> str:
    """A line's cell as it is called on the sheet."""
    true_row, true_column, _ = book.sheets[row.sheet].true(row.number, column)
    return f"{quoted(row.sheet)}!{column_letters(true_column)}{true_row}"


# --- making a prompt ---------------------------------------------------------------------------------------------------------------------


def _rows(book: Book) -> list[Row]:
    found = []
    for name in book.tabs:
        sheet = book.sheets.get(name)
        if sheet is None:
            continue
        for row in sheet.rows:
            if sheet.label(row) and any(cell.role == "cell" and cell.kind != "text" for cell in sheet.by_row[row].values()):
                found.append(Row(name, row))
    return found[:MOST_LINES]


def _columns(book: Book, row: Row) -> tuple[int, ...]:
    sheet = book.sheets[row.sheet]
    own = {column for column, cell in sheet.by_row.get(row.number, {}).items() if cell.role == "cell" and cell.kind != "text"}
    series = set(sheet.series)
    return tuple(sorted(own | series)) if own & series or not own else tuple(sorted(own))


def _bag(text: str) -> tuple[str, ...]:
    """The words of a sentence, without what it quotes."""
    return tuple(word.lower() for word in _WORD.findall(text) if not QUOTED.match(word))


def _desk(
    book: Book,
    copies: dict[str, Sheet],
    seen: Observation,
    following: Callable[[str], str],
    past: tuple[Deed, ...],
    done: Mapping[str, Counter[Row]],
    latest: tuple[Row, ...],
) -> Desk:
    rows = _rows(book)
    lines = Lines.of(rows)
    quotes = {plain(text) for text in QUOTED.findall(seen.goal)}
    noted = {
        plain(text)
        for paper in book.papers.values()
        for line in paper.splitlines()
        if not QUOTED.match(line.strip())
        for text in QUOTED.findall(line)
    }
    documents = [element for element in seen.elements if element.role == "document"]
    refs = [*(element.name for element in documents), *book.tabs, *(address(book, row, 1) for row in rows)]
    kinds = [DOCUMENT] * len(documents) + [TAB] * len(book.tabs) + [LINE] * len(rows)
    labels = [book.label(row) for row in rows]
    headings = [book.sheets[row.sheet].headings.get(row.number, "") for row in rows]
    windows = tuple(following(name) for name in book.tabs)
    states = [_state(book, row) for row in rows]
    counts = Counter(plain(label) for label in labels)
    asked = [plain(label) in quotes and state[0] > 0 for label, state in zip(labels, states, strict=True)]
    features = np.zeros((len(refs), FEATURES), dtype=np.float32)
    for at, element in enumerate(documents):
        features[at, :3] = (1.0, "expanded" in element.states, bool(past) and past[-1].name == element.name)
    for at, name in enumerate(book.tabs):
        there = windows[at] != ""
        features[len(documents) + at, :8] = (0, 0, 0, 1.0, name == book.current, there, any(windows[:at]), name in book.sheets)
    start = len(documents) + len(book.tabs)
    before = 0
    for at, row in enumerate(rows):
        sheet = book.sheets[row.sheet]
        state = states[at]
        numbers = [
            1.0,
            plain(labels[at]) in quotes,
            plain(headings[at]) in quotes,
            plain(row.sheet) in quotes,
            plain(headings[at]) in noted,
            min(counts[plain(labels[at])], 4) / 4,
            *state,
            row.sheet == book.current,
            done["read"][row] > 0,
            done["write"][row] > 0,
            done["fill"][row] > 0,
            row in latest,
            bool(latest) and row == latest[0],
            bool(latest) and row == latest[-1],
            Row(row.sheet, row.number - 1) in latest,
            asked[at],
            asked[at] and before == 0,
            min(before, 4) / 4,
            at / 40,
            sheet.down,
            at + 1 < len(rows) and asked[at + 1] and rows[at + 1] == Row(row.sheet, row.number + 1),
        ]
        before += asked[at]
        features[start + at, 8 : 8 + len(numbers)] = numbers
    suspect = not (any(asked) or any(windows) or done["write"] or done["read"]) and len(book.papers) == len(documents)
    about = {plain(label) for label in labels}
    rules = []
    for text in book.papers.values():
        for line in text.splitlines():
            match = QUOTED.match(line.strip())
            if match and plain(match[1]) in about:
                continue
            rules += [bag for part in _SENTENCE.split(line) if (bag := _bag(part))]
    return Desk(
        tuple(refs),
        tuple(kinds),
        (*(element.name for element in documents), *book.tabs, *labels),
        (*[""] * start, *headings),
        (*[""] * start, *(row.sheet for row in rows)),
        features,
        _frozen(book, copies),
        lines,
        start,
        windows,
        tuple(bag for part in _SENTENCE.split(seen.goal) if (bag := _bag(part))),
        tuple(rules[:12]),
        past[-MOST_PAST:],
        seen.step,
        suspect,
        _general(asked, features[start:], windows, len(book.papers) == len(documents), suspect),
    )


def _general(asked: list[bool], lines: Floats, windows: tuple[str, ...], read: bool, suspect: bool) -> tuple[float, ...]:
    """What is still to be read, whether lines asked for are empty, whether the first of them has another below, whether a line that was just
    written is empty from its second period on, or reckoned unevenly."""
    first = asked.index(True) if any(asked) else -1
    below = first >= 0 and bool(lines[first, BELOW])
    begun = any(line[LATEST] and line[REST] > 0 and line[BEGUN] for line in lines)
    uneven = any(line[LATEST] and line[UNEVEN] for line in lines)
    return tuple(float(flag) for flag in (any(windows), not read, first >= 0, below, begun, suspect, uneven))


def _frozen(book: Book, copies: dict[str, Sheet]) -> Book:
    """The book as it is now. `copies`: of the sheets that have not changed since they were copied; cells are never changed in place."""
    other = Book()
    other.title, other.tabs, other.current = book.title, list(book.tabs), book.current
    other.papers, other.titles = dict(book.papers), list(book.titles)
    for name, sheet in book.sheets.items():
        if name not in copies:
            copies[name] = Sheet(sheet.name, dict(sheet.raw), sheet.named, sheet.siblings)
            copies[name].__dict__.update(
                {key: value for key, value in sheet.__dict__.items() if key not in ("name", "raw", "named", "siblings")}
            )
        other.sheets[name] = copies[name]
    return other


def _open(book: Book, row: Row) -> tuple[list[int], list[int]]:
    """Known and open periods of a line: a line with one figure has no known ones."""
    columns = _columns(book, row)
    known, open_ = timeline.parted(book, row.sheet)
    if len(columns) == 1 or timeline.single(book, row):
        return [], list(columns[:1]) if len(columns) == 1 else [timeline.single(book, row)]
    return [c for c in known if c in columns], [c for c in open_ if c in columns]


@lru_cache(maxsize=50_000)
def _parsed(formula: str) -> Node | None:
    try:
        return parse(formula)
    except Unreadable:
        return None


@lru_cache(maxsize=50_000)
def _from_cell(formula: str, row: int, column: int) -> str:
    tree = _parsed(formula)
    return formula if tree is None else relative(tree, row, column)


def _relative(book: Book, row: Row, column: int, cell: Cell) -> str:
    """What a formula looks like from its cell: the same for all cells of a line that was filled."""
    true_row, true_column, _ = book.sheets[row.sheet].true(row.number, column)
    return _from_cell(cell.formula, true_row, true_column)


def tree_of(book: Book, formula: str, home: str) -> Node | None:
    """A formula read as standing on a sheet, its cells as lines and periods; None for one that cannot be read."""
    parsed = _parsed(formula)
    return None if parsed is None else rebuild(parsed, lambda ref: book._turned(ref, home))


def _state(book: Book, row: Row) -> list[float]:
    """Shares of a line's open cells that are empty, typed, reckoned; whether they are reckoned alike; the same of its past; how many there are."""
    sheet = book.sheets[row.sheet]
    known, open_ = _open(book, row)
    out: list[float] = []
    for columns in (open_, known):
        cells = [sheet.at(row.number, column) for column in columns]
        reckoned = [cell for cell in cells if cell.formula]
        empty = [cell for cell in cells if not cell.formula and cell.value is None]
        size = max(len(cells), 1)
        out += [len(empty) / size, (len(cells) - len(empty) - len(reckoned)) / size, len(reckoned) / size]
    forms = {_relative(book, row, column, cell) for column in open_ if (cell := sheet.at(row.number, column)).formula}
    first = sheet.at(row.number, open_[0]) if open_ else None
    out += [
        float(len(forms) > 1),
        float(len(open_) <= 1),
        float(first is not None and not first.formula and first.value is None),
        float(first is not None and bool(first.formula)),
    ]
    return out


def _period_features(desk: Desk, line: int) -> Floats:
    book, row = desk.book, desk.lines.rows[line]
    sheet = book.sheets[row.sheet]
    columns = desk.columns(line)
    known, open_ = _open(book, row)
    cells = {column: sheet.at(row.number, column) for column in columns}
    forms = {column: _relative(book, row, column, cell) if cell.formula else "" for column, cell in cells.items()}
    common = Counter(forms[column] for column in open_ if forms.get(column)).most_common(1)
    usual = common[0][0] if common else ""
    out = []
    for at, column in enumerate(columns):
        cell, left = cells[column], forms.get(columns[at - 1], "") if at else ""
        typed = not cell.formula and cell.value is not None
        odd = column in open_ and bool(usual) and forms[column] != usual
        out.append(
            (
                column in known,
                column in open_,
                bool(open_) and column == open_[0],
                bool(open_) and column == open_[-1],
                len(columns) == 1,
                at / 12,
                (len(columns) - 1 - at) / 12,
                not cell.formula and cell.value is None,
                typed,
                bool(cell.formula),
                forms[column] == left and bool(left),
                odd,
                odd and not any(forms[c] != usual for c in open_ if c < column),
                column in sheet.series,
            )
        )
    return np.array(out, dtype=np.float32).reshape(-1, PERIOD_FEATURES)


# --- what a formula is made from ---------------------------------------------------------------------------------------------------------


def _formula(desk: Desk, line: int, column: int) -> tuple[Piece, ...] | None:
    row = desk.lines.rows[line]
    cell = desk.book.sheets[row.sheet].at(row.number, column)
    tree = tree_of(desk.book, cell.formula, row.sheet) if cell.formula else None
    return None if tree is None else spell(desk.book, desk.lines, tree, row, column)


def _present(desk: Desk, line: int) -> tuple[tuple[Piece, ...] | None, ...]:
    _, open_ = _open(desk.book, desk.lines.rows[line])
    row = desk.lines.rows[line]
    there = [column for column in open_ if desk.book.sheets[row.sheet].at(row.number, column).value is not None]
    return tuple(dict.fromkeys(_formula(desk, line, column) for column in there))


def _past_formula(desk: Desk, line: int) -> tuple[Piece, ...]:
    known, _ = _open(desk.book, desk.lines.rows[line])
    for column in reversed(known):
        found = _formula(desk, line, column)
        if found:
            return found
    return ()


def _sibling(desk: Desk, line: int) -> tuple[tuple[Piece, ...], int] | None:
    """The formula ahead of the line whose label is most like this one's."""
    own = desk.names[desk.first + line]
    order = sorted(
        (other for other in range(len(desk.lines.rows)) if other != line),
        key=lambda other: -alike(own, desk.names[desk.first + other]),
    )
    for other in order[:4]:
        found = [pieces for pieces in desk.present(other) if pieces]
        if found:
            return found[0], other
    return None


def _source(desk: Desk, line: int) -> tuple[Token, ...]:
    at = desk.first + line
    out = [Token(LABEL, (desk.shown(text),)) for text in (desk.names[at], desk.headings[at], desk.homes[at])]
    sentence = desk.sentences.get(plain(desk.names[at]), "")
    for word in _WORD.findall(sentence):
        quote = QUOTED.match(word)
        if quote:
            out.append(Token(DEFINITION, (desk.shown(quote[1]),), lines=desk.by_label.get(plain(quote[1]), ())))
        else:
            out.append(Token(DEFINITION, (word.lower(),)))
    out = out[:60]
    out += [_piece_token(PAST, piece) for piece in _past_formula(desk, line)[:30]]
    sibling = _sibling(desk, line)
    if sibling is not None:
        out += [_piece_token(SIBLING, piece) for piece in sibling[0][:20]]
    return tuple(out[:MOST_SOURCE])


def _piece_token(segment: int, piece: Piece) -> Token:
    return Token(segment, piece=piece, lines=(piece,) if isinstance(piece, int) else ())
