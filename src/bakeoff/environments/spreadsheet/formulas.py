"""Formulas as text: their parts, what they refer to, the same formula elsewhere, and what is wrong with one before anything is calculated.

Only the part of the language that keeps to one value a cell: no arrays, no references into other files, no intersections of areas. A formula is
written with its `=` in front.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from bakeoff.environments.spreadsheet.functions import ALLOWED, AREAS, NATIVE, PREFIXED

ROWS, COLUMNS = 1_048_576, 16_384
LONGEST = 1000
"""No formula is longer; Excel's own limit is 8,192 characters."""
DEEPEST = 20
"""Nor nested more deeply in brackets; Excel's own limit is 64."""

_SHEET = r"(?:'(?:[^']|'')+'|[^\W\d][\w.]*)!"
_CELL = r"\$?[A-Za-z]{1,3}\$?[1-9]\d{0,6}"
_TOKEN = re.compile(
    rf"""
      (?P<text>"(?:[^"]|"")*")
    | (?P<error>\#(?:REF!|N/A|VALUE!|NAME\?|DIV/0!|NUM!|NULL!))
    | (?P<ref>(?:{_SHEET})?(?:{_CELL}(?::{_CELL})?|\$?[A-Za-z]{{1,3}}:\$?[A-Za-z]{{1,3}}|\$?[1-9]\d{{0,6}}:\$?[1-9]\d{{0,6}})(?![\w(.!:]))
    | (?P<function>(?:_xlfn\.|_xlws\.)*[A-Za-z][\w.]*\()
    | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
    | (?P<name>(?:{_SHEET})?[^\W\d][\w.\\]*(?![!(\w]))
    | (?P<operator><=|>=|<>|[-+*/^&=<>%])
    | (?P<mark>[(),])
    | (?P<space>[ \n\r\t]+)
    """,
    re.VERBOSE,
)
_PART = re.compile(r"(\$?)([A-Za-z]{1,3})(\$?)(\d+)$")


_NEWER = re.compile(r"(?<![\w.])(?:" + "|".join(re.escape(name) for name in sorted(PREFIXED)) + r")\(", re.IGNORECASE)
"""A call of a newer function without its prefix."""
_NEEDLESS = re.compile(r"_xl(?:fn|ws)\.(?:_xlws\.)?([A-Za-z][\w.]*)\(")


def strangely_stored(text: str) -> bool:
    """Whether a file stores a formula so that Excel would not know one of its functions: a newer one without its prefix, or another with one."""
    if _NEWER.search(text):
        return True
    return "_xl" in text and any(name.upper() not in PREFIXED for name in _NEEDLESS.findall(text))


class FormulaError(ValueError):
    """A formula that cannot be taken; the text says why in one sentence without the cell."""


class Token(NamedTuple):
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Corner:
    """One corner of a reference. `fixed_row`, `fixed_column`: written with a dollar."""

    row: int
    column: int
    fixed_row: bool
    fixed_column: bool


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference as written: its sheet as named in it (None: the formula's own) and its corners, the second None for a single cell.

    `whole`: `rows` for `1:3`, `columns` for `A:C`, else empty.
    """

    sheet: str | None
    first: Corner
    last: Corner | None = None
    whole: str = ""

    @property
    def single(self) -> bool:
        return self.last is None

    @property
    def bounds(self) -> tuple[int, int, int, int]:
        """First row, first column, last row, last column, in order."""
        last = self.last or self.first
        rows, columns = sorted((self.first.row, last.row)), sorted((self.first.column, last.column))
        return rows[0], columns[0], rows[1], columns[1]

    def __str__(self) -> str:
        sheet = "" if self.sheet is None else quoted(self.sheet) + "!"
        if self.last is None:
            return sheet + _written(self.first)
        if self.whole == "rows":
            return f"{sheet}{'$' * self.first.fixed_row}{self.first.row}:{'$' * self.last.fixed_row}{self.last.row}"
        if self.whole == "columns":
            first, last = ("$" * corner.fixed_column + letters(corner.column) for corner in (self.first, self.last))
            return f"{sheet}{first}:{last}"
        return f"{sheet}{_written(self.first)}:{_written(self.last)}"


def _written(corner: Corner) -> str:
    return f"{'$' * corner.fixed_column}{letters(corner.column)}{'$' * corner.fixed_row}{corner.row}"


@lru_cache(maxsize=4096)
def letters(column: int) -> str:
    """1 -> A, 27 -> AA."""
    text = ""
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text


@lru_cache(maxsize=4096)
def number(text: str) -> int:
    """A -> 1, AA -> 27."""
    value = 0
    for letter in text.upper():
        value = value * 26 + ord(letter) - 64
    return value


def quoted(sheet: str) -> str:
    """A sheet's name as a formula writes it."""
    plain = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.]*", sheet) and not _PART.match(sheet) and not looks_relative(sheet)
    return sheet if plain else "'" + sheet.replace("'", "''") + "'"


def looks_relative(name: str) -> bool:
    """Whether a name could be read as an address of the other kind, e.g. `R1C1`."""
    return bool(re.fullmatch(r"R\d*(C\d*)?|C\d*", name, re.IGNORECASE))


@lru_cache(maxsize=65_536)
def tokens(formula: str) -> tuple[Token, ...]:
    """The parts of a formula behind its `=`, spaces included. Raises `FormulaError` at the first that is not understood."""
    if len(formula) > LONGEST:
        raise FormulaError(f"the formula has {len(formula)} characters; at most {LONGEST} are taken")
    if not formula.startswith("="):
        raise FormulaError("a formula begins with =")
    found: list[Token] = []
    at = 1
    while at < len(formula):
        match = _TOKEN.match(formula, at)
        if match is None or match.lastgroup is None:
            raise FormulaError(_strange(formula, at))
        found.append(Token(match.lastgroup, match.group()))
        at = match.end()
    if not found:
        raise FormulaError("the formula is empty")
    return tuple(found)


def _strange(formula: str, at: int) -> str:
    mark = formula[at]
    if mark == "[":
        return "it refers to another file or a table; only cells of this workbook can be used"
    if mark in "{}":
        return "arrays in braces are not taken; put the values into cells"
    if mark in ";":
        return "arguments are separated by commas, not semicolons"
    if mark in "#@":
        return f"'{mark}' belongs to formulas that fill several cells; each cell holds one value here"
    if mark == '"':
        return "a quotation mark is not closed"
    return f"'{formula[at : at + 12]}' is not understood"


@lru_cache(maxsize=65_536)
def reference(text: str) -> Reference:
    """A reference from its text, e.g. `'Debt schedule'!$B4:F9`. Raises `FormulaError` for one beyond the sheet."""
    sheet, mark, area = text.rpartition("!")
    name = (sheet[1:-1].replace("''", "'") if sheet.startswith("'") else sheet) if mark else None
    first, colon, last = area.partition(":")
    one, two = _corner(first, last=False), _corner(last, last=True) if colon else None
    whole = "" if _PART.match(first) else "rows" if first.lstrip("$").isdigit() else "columns"
    return Reference(name, one, two, whole)


def _corner(text: str, last: bool) -> Corner:
    match = _PART.match(text)
    if match:
        row, column = int(match[4]), number(match[2])
        corner = Corner(row, column, bool(match[3]), bool(match[1]))
    elif text.lstrip("$").isdigit():
        row, column = int(text.lstrip("$")), COLUMNS if last else 1
        corner = Corner(row, column, text.startswith("$"), True)
    else:
        row, column = ROWS if last else 1, number(text.lstrip("$"))
        corner = Corner(row, column, True, text.startswith("$"))
    if row > ROWS or column > COLUMNS:
        raise FormulaError(f"'{text}' lies beyond the sheet")
    return corner


def references(formula: str) -> Iterator[Reference]:
    """Everything that a formula refers to by address, in order."""
    return (reference(token.text) for token in tokens(formula) if token.kind == "ref")


def names(formula: str) -> tuple[str, ...]:
    """Defined names that a formula uses, as written."""
    return tuple(token.text for token in tokens(formula) if token.kind == "name" and token.text.upper() not in ("TRUE", "FALSE"))


def functions(formula: str) -> tuple[str, ...]:
    """Functions that a formula calls, in capitals and without prefix, in order."""
    return tuple(_plain(token.text[:-1]) for token in tokens(formula) if token.kind == "function")


def _plain(name: str) -> str:
    return name.upper().replace("_XLFN.", "").replace("_XLWS.", "")


def literals(formula: str) -> tuple[float, ...]:
    """Numbers written in a formula, percentages worked out, a minus sign in front included where it can only be a sign."""
    found: list[float] = []
    parts = [token for token in tokens(formula) if token.kind != "space"]
    for index, token in enumerate(parts):
        if token.kind == "number":
            value = float(token.text)
            if index + 1 < len(parts) and parts[index + 1].text == "%":
                value /= 100
            before = parts[index - 1] if index else None
            further = parts[index - 2] if index > 1 else None
            opens = further is None or further.kind in ("function", "operator") or further.text in "(,"
            if before is not None and before.text == "-" and opens:
                value = -value
            found.append(value)
    return tuple(found)


def texts(formula: str) -> tuple[str, ...]:
    """Texts written in a formula, without their quotation marks."""
    return tuple(token.text[1:-1].replace('""', '"') for token in tokens(formula) if token.kind == "text")


# --- the same formula in other words -----------------------------------------------------------------------------------------------------------


def rewritten(formula: str, change: Callable[[Reference], Reference | None]) -> str:
    """The formula with each reference changed; None becomes `#REF!`."""

    def part(token: Token) -> str:
        if token.kind != "ref":
            return token.text
        changed = change(reference(token.text))
        return "#REF!" if changed is None else str(changed)

    return "=" + "".join(part(token) for token in tokens(formula))


def moved(formula: str, rows: int, columns: int) -> str:
    """The formula as it reads when copied so many rows down and columns to the right."""

    def corner(old: Corner) -> Corner | None:
        row, column = old.row + (0 if old.fixed_row else rows), old.column + (0 if old.fixed_column else columns)
        return Corner(row, column, old.fixed_row, old.fixed_column) if 1 <= row <= ROWS and 1 <= column <= COLUMNS else None

    def change(old: Reference) -> Reference | None:
        first = corner(old.first)
        if first is None:
            return None
        if old.last is None:
            return Reference(old.sheet, first)
        last = corner(old.last)
        return None if last is None else Reference(old.sheet, first, last, old.whole)

    return rewritten(formula, change)


def shifted(formula: str, own: str, sheet: str, row: int, count: int) -> str:
    """The formula after `count` rows were inserted above `row` of `sheet` (or, with a negative count, deleted from it on). `own`: the sheet it stands on."""

    def change(old: Reference) -> Reference | None:
        if (old.sheet or own).casefold() != sheet.casefold() or old.whole == "columns":
            return old
        top, _, bottom, _ = old.bounds
        span = shifted_rows(top, bottom, row, count)
        if span is None:
            return None
        if old.last is None:
            return Reference(old.sheet, Corner(span[0], old.first.column, old.first.fixed_row, old.first.fixed_column))
        first, last = (old.first, old.last) if old.first.row <= old.last.row else (old.last, old.first)
        return Reference(
            old.sheet,
            Corner(span[0], old.first.column, first.fixed_row, old.first.fixed_column),
            Corner(span[1], old.last.column, last.fixed_row, old.last.fixed_column),
            old.whole,
        )

    return rewritten(formula, change)


def shifted_rows(top: int, bottom: int, row: int, count: int) -> tuple[int, int] | None:
    """Where rows `top` to `bottom` are afterwards; None when all of them were deleted."""
    if count >= 0:
        return (top + count if top >= row else top), (bottom + count if bottom >= row else bottom)
    gone = range(row, row - count)
    if top in gone and bottom in gone:
        return None
    new_top = top if top < row else row if top in gone else top + count
    new_bottom = bottom if bottom < row else row - 1 if bottom in gone else bottom + count
    return new_top, new_bottom


def renamed_sheet(formula: str, old: str, new: str) -> str:
    """The formula after a sheet got another name."""
    return rewritten(
        formula, lambda ref: Reference(new, ref.first, ref.last, ref.whole) if (ref.sheet or "").casefold() == old.casefold() else ref
    )


def relative(formula: str, row: int, column: int) -> str:
    """The formula as seen from its cell (R1C1): equal for cells that hold the same formula copied along. Spaces and case do not matter."""

    def axis(value: int, own: int, fixed: bool, letter: str) -> str:
        return f"{letter}{value}" if fixed else f"{letter}[{value - own}]" if value != own else letter

    def corner(part: Corner) -> str:
        return axis(part.row, row, part.fixed_row, "R") + axis(part.column, column, part.fixed_column, "C")

    def part(token: Token) -> str:
        if token.kind == "ref":
            ref = reference(token.text)
            sheet = "" if ref.sheet is None else ref.sheet.casefold() + "!"
            return sheet + corner(ref.first) + ("" if ref.last is None else ":" + corner(ref.last))
        if token.kind == "function":
            return _plain(token.text)
        if token.kind == "name":
            return token.text.casefold()
        if token.kind == "number":
            return repr(float(token.text))
        return "" if token.kind == "space" else token.text

    return "".join(part(token) for token in tokens(formula))


def resolved(formula: str, meanings: Mapping[str, str]) -> str:
    """The formula with defined names replaced by what they stand for (casefolded name -> text of a reference). Other names stay."""

    def part(token: Token) -> str:
        return meanings.get(token.text.rpartition("!")[2].casefold(), token.text) if token.kind == "name" else token.text

    return "=" + "".join(part(token) for token in tokens(formula))


def stored(formula: str) -> str:
    """The formula as a file must have it: newer functions with their prefix, functions in capitals."""

    def part(token: Token) -> str:
        if token.kind != "function":
            return token.text
        name = _plain(token.text[:-1])
        return ("_xlfn." if name in PREFIXED else "") + name + "("

    return "=" + "".join(part(token) for token in tokens(formula))


def typed(formula: str) -> str:
    """The formula as a person reads it: functions without prefix, in capitals."""
    return "=" + "".join(_plain(token.text) if token.kind == "function" else token.text for token in tokens(formula))


# --- what is wrong with it ---------------------------------------------------------------------------------------------------------------------


def check(formula: str) -> None:
    """Raises `FormulaError` when the formula is not well formed, uses a function that is not allowed, or would give more than one value."""
    shape = []
    for token in tokens(formula):
        if token.kind == "ref":
            shape.append(Token("ref" if reference(token.text).single else "area", ""))
        elif token.kind == "name":
            shape.append(Token("name", token.text.upper() if token.text.upper() in ("TRUE", "FALSE") else ""))
        elif token.kind in ("number", "text", "error"):
            shape.append(Token(token.kind, ""))
        elif token.kind == "function":
            shape.append(Token("function", _plain(token.text)))
        elif token.kind != "space":
            shape.append(token)
    problem = _problem(tuple(shape))
    if problem:
        raise FormulaError(problem)


@lru_cache(maxsize=16_384)
def _problem(shape: tuple[Token, ...]) -> str:
    try:
        _Grammar(shape).formula()
    except FormulaError as problem:
        return str(problem)
    return ""


_BINARY = ("=", "<", ">", "<=", ">=", "<>", "&", "+", "-", "*", "/", "^")


class _Grammar:
    """Reads a formula by the rules of the language and keeps track of whether an expression is an area (`True`) or one value."""

    def __init__(self, shape: tuple[Token, ...]) -> None:
        self._shape, self._at, self._depth, self._native = shape, 0, 0, 0

    def _peek(self) -> Token:
        return self._shape[self._at] if self._at < len(self._shape) else Token("end", "")

    def _take(self) -> Token:
        token = self._peek()
        self._at += 1
        return token

    def formula(self) -> None:
        area = self.expression()
        if self._peek().kind != "end":
            raise FormulaError("something is missing or too much, e.g. an operator or a bracket")
        if area:
            raise FormulaError("it gives several values; each cell holds one value here")

    def expression(self) -> bool:
        self._depth += 1
        if self._depth > DEEPEST:
            raise FormulaError(f"it is nested more than {DEEPEST} brackets deep")
        area = self._operand()
        while self._peek().kind == "operator" and self._peek().text in _BINARY:
            self._take()
            area = self._combine(area, self._operand())
        self._depth -= 1
        return area

    def _combine(self, *areas: bool) -> bool:
        if any(areas) and not self._native:
            raise FormulaError("it calculates with an area as if it were one number; use SUM or SUMPRODUCT, or refer to single cells")
        return any(areas)

    def _operand(self) -> bool:
        signs = 0
        while self._peek().kind == "operator" and self._peek().text in ("+", "-"):
            self._take()
            signs += 1
        area = self._single()
        while self._peek() == Token("operator", "%"):
            self._take()
            signs += 1
        return self._combine(area) if signs else area

    def _single(self) -> bool:
        token = self._take()
        if token.kind in ("ref", "number", "text", "error", "name"):
            return False
        if token.kind == "area":
            return True
        if token.text == "(":
            area = self.expression()
            self._close()
            return area
        if token.kind == "function":
            return self._call(token.text[:-1])
        raise FormulaError("it ends too early" if token.kind == "end" else f"'{token.text}' stands where a value should be")

    def _call(self, name: str) -> bool:
        if name not in ALLOWED:
            raise FormulaError(f"the function {name} is not among those that may be used here")
        self._native += name in NATIVE
        areas: list[bool] = []
        if self._peek().text == ")":
            self._take()
        else:
            while True:
                areas.append(False if self._peek().text in (",", ")") else self.expression())
                if self._peek().text != ",":
                    break
                self._take()
            self._close()
        self._native -= name in NATIVE
        if name in AREAS:
            return False
        if any(areas) and not self._native:
            raise FormulaError(f"{name} takes single values, not areas")
        return any(areas)

    def _close(self) -> None:
        if self._take().text != ")":
            raise FormulaError("a bracket is not closed")
