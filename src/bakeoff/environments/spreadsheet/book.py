"""A workbook as the desk, the verifier and the engines see it: contents, formulas, names and looks, read by our own hand.

Cached results of formulas are never read: whatever a formula's value is, an engine says. Files are checked by `safety` first.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache
from xml.parsers import expat

from bakeoff.environments.spreadsheet import formulas, safety
from bakeoff.environments.spreadsheet.formulas import FormulaError
from bakeoff.environments.spreadsheet.safety import Unsafe
from bakeoff.environments.spreadsheet.spec import Spot

Place = tuple[int, int]
"""Row and column from 1."""

MOST_CELLS = 200_000
_TOO_MANY = f"the file has more than {MOST_CELLS} cells"
MOST_SHEETS = 60
MOST_NAMES = 2_000
FURTHEST = (50_000, 2_000)
"""Contents beyond this row or column are refused: no model reaches so far, and a range over it would cost too much."""
LONGEST_TEXT = 32_767
_DEEPEST_XML = 40

ERRORS = frozenset("#REF! #N/A #VALUE! #NAME? #DIV/0! #NUM! #NULL! #SPILL! #CALC! #CIRC! #ERROR! #N/IMPL!".split())


class ErrorValue(str):
    """The value of a cell in error, e.g. `#REF!`."""

    __slots__ = ()


Value = float | str | bool | ErrorValue
Content = Value
"""What stands in a cell: a number, text, a truth value, an error, or a formula (text that begins with `=`, wrapped in `Formula`)."""


class Formula(str):
    """The text of a formula with its `=`, functions without prefix."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Look:
    """How a cell looks, as far as work with figures goes. Colours like `#0000FF`, empty for the default."""

    number_format: str = "General"
    bold: bool = False
    italic: bool = False
    font: str = ""
    fill: str = ""
    size: float = 11.0
    border: bool = False

    @property
    def is_date(self) -> bool:
        """Whether numbers are shown as dates."""
        return _is_date(self.number_format)


@lru_cache(maxsize=1024)
def _is_date(number_format: str) -> bool:
    plain = re.sub(r"\"[^\"]*\"|\[[^\]]*\]|\\.", "", number_format)
    return bool(re.search(r"[dmyDMY]", plain)) and number_format != "General"


PLAIN = Look()


@dataclass(slots=True)
class Sheet:
    """A sheet: its name, contents by place, looks by place (also of empty cells), merged areas and whether it is hidden."""

    name: str
    cells: dict[Place, Content] = field(default_factory=dict)
    looks: dict[Place, Look] = field(default_factory=dict)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    hidden: bool = False
    frozen: Place = (0, 0)
    """How many rows and columns stay in view."""

    def copy(self) -> Sheet:
        return Sheet(self.name, dict(self.cells), dict(self.looks), list(self.merged), self.hidden, self.frozen)

    @property
    def used(self) -> Place:
        """Last row and last column with content or a look of its own."""
        places = [*self.cells, *self.looks]
        return (max((row for row, _ in places), default=0), max((column for _, column in places), default=0))


@dataclass(slots=True)
class Book:
    """A workbook. `names`: defined names as written -> the text they stand for, without `=`."""

    sheets: list[Sheet] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    array_cells: frozenset[Spot] = frozenset()
    unprefixed: frozenset[Spot] = frozenset()
    """Formulas that the file stores in a way that Excel shows as #NAME?: a newer function without `_xlfn.` in front, or an old one with it."""

    def copy(self) -> Book:
        return Book([sheet.copy() for sheet in self.sheets], dict(self.names), self.array_cells, self.unprefixed)

    def sheet(self, name: str) -> Sheet | None:
        """The sheet with this name, in capitals or not."""
        wanted = name.casefold()
        return next((sheet for sheet in self.sheets if sheet.name.casefold() == wanted), None)

    def get(self, spot: Spot) -> Content | None:
        """What stands at a spot; None for an empty cell or a missing sheet."""
        sheet = self.sheet(spot.sheet)
        return None if sheet is None else sheet.cells.get((spot.row, spot.column))

    def formulas(self) -> Iterator[tuple[Spot, Formula]]:
        """All formulas by sheet and place."""
        for sheet in self.sheets:
            for (row, column), content in sheet.cells.items():
                if isinstance(content, Formula):
                    yield Spot(sheet.name, row, column), content

    def meanings(self) -> dict[str, str]:
        """Defined names (casefolded) that stand for areas -> the reference's text. Constants and formulas behind names are left out."""
        found = {}
        for name, text in self.names.items():
            try:
                parts = formulas.tokens("=" + text)
            except FormulaError:
                continue
            if len(parts) == 1 and parts[0].kind == "ref":
                found[name.casefold()] = parts[0].text
        return found

    def area(self, name: str) -> tuple[Spot, ...] | None:
        """The cells that a defined name stands for, row by row; None when there is no such name or it is no area of at most 5,000 cells."""
        text = self.meanings().get(name.casefold())
        if text is None:
            return None
        ref = formulas.reference(text)
        sheet = self.sheet(ref.sheet) if ref.sheet is not None else None
        if sheet is None:
            return None
        top, left, bottom, right = ref.bounds
        if (bottom - top + 1) * (right - left + 1) > 5_000:
            return None
        return tuple(Spot(sheet.name, row, column) for row in range(top, bottom + 1) for column in range(left, right + 1))

    def digest(self) -> bytes:
        """SHA-256 over everything that decides what the workbook calculates; how the file was packed does not matter."""
        lines = [repr(sorted(self.names.items()))]
        for sheet in self.sheets:
            lines.append(repr((sheet.name, sheet.hidden)))
            lines += [repr((place, type(content).__name__, content)) for place, content in sorted(sheet.cells.items())]
        return hashlib.sha256("\n".join(lines).encode()).digest()


# --- reading -----------------------------------------------------------------------------------------------------------------------------------


Read = dict[tuple[bytes, bytes, bytes], tuple["Sheet", tuple[Place, ...], tuple[Place, ...], int]]
"""Sheets that were read before, by everything they were read from: shared texts, styles and the sheet's own XML. With each, cells that hold an
array formula, cells with a function that lacks its prefix, and how many cells the XML has."""


def read(data: bytes, known: Read | None = None) -> Book:
    """A workbook from the bytes of an .xlsx file. `known`: sheets read before, which are not read again; new ones are not put in, unless it is empty.
    Raises `Unsafe` with one clear reason."""
    found = safety.parts(data)
    try:
        return _book(found, {} if known is None else known)
    except expat.ExpatError as problem:
        raise Unsafe(f"the file is damaged: its XML cannot be read ({problem})") from problem
    except (KeyError, ValueError, IndexError, RecursionError) as problem:
        raise Unsafe(f"the file is damaged: {type(problem).__name__} while reading it ({str(problem)[:100]})") from problem


class _Reader:
    """Feeds elements of one XML part to two callbacks, names without prefix. Entities and deep nesting are refused."""

    def __init__(self) -> None:
        self.path: list[str] = []
        self.text: list[str] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""

    def end(self, name: str, text: str) -> None:
        """An element ends; `text` is all text directly in it."""

    def run(self, content: bytes) -> None:
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self.text.append
        parser.EntityDeclHandler = _no_entities
        parser.StartDoctypeDeclHandler = _no_entities
        parser.Parse(content, True)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        self.path.append(name)
        if len(self.path) > _DEEPEST_XML:
            raise Unsafe("its XML is nested more deeply than any workbook's")
        self.text.clear()
        self.start(name, attributes)

    def _end(self, name: str) -> None:
        self.path.pop()
        self.end(name.rpartition(":")[2], "".join(self.text))
        self.text.clear()


def _no_entities(*_: object) -> None:
    raise Unsafe("it declares XML entities, which no workbook needs")


class _Relations(_Reader):
    def __init__(self) -> None:
        super().__init__()
        self.targets: dict[str, str] = {}

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship":
            self.targets[attributes["Id"]] = attributes["Target"]


class _Workbook(_Reader):
    def __init__(self) -> None:
        super().__init__()
        self.sheets: list[tuple[str, str, bool]] = []
        self.names: dict[str, str] = {}
        self._name = ""
        self.since_1904 = self.as_displayed = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "sheet":
            relation = next(value for key, value in attributes.items() if key.rpartition(":")[2] == "id" and key != "id")
            self.sheets.append((attributes["name"], relation, attributes.get("state", "visible") != "visible"))
        elif name == "definedName":
            self._name = attributes["name"]
            if "localSheetId" in attributes and not self._name.startswith("_xlnm."):
                raise Unsafe(f"the name '{self._name[:60]}' holds on one sheet only; give it to the whole workbook")
        elif name == "workbookPr":
            self.since_1904 = attributes.get("date1904", "0") in ("1", "true")
        elif name == "calcPr":
            self.as_displayed = attributes.get("fullPrecision", "1") in ("0", "false")

    def end(self, name: str, text: str) -> None:
        if name == "definedName" and not self._name.startswith("_xlnm."):
            self.names[self._name] = text.strip().removeprefix("=")


class _Strings(_Reader):
    def __init__(self) -> None:
        super().__init__()
        self.strings: list[str] = []
        self._runs: list[str] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "si":
            self._runs = []

    def end(self, name: str, text: str) -> None:
        if name == "t" and "rPh" not in self.path:
            self._runs.append(text)
        elif name == "si":
            self.strings.append("".join(self._runs))


_BUILT_IN = {
    0: "General", 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?", 13: "# ??/??", 14: "mm-dd-yy",
    15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss", 22: "m/d/yy h:mm", 37: "#,##0_);(#,##0)",
    38: "#,##0_);[Red](#,##0)", 39: "#,##0.00_);(#,##0.00)", 40: "#,##0.00_);[Red](#,##0.00)", 44: "_($* #,##0.00_)", 45: "mm:ss", 46: "[h]:mm:ss",
    47: "mmss.0", 48: "##0.0E+0", 49: "@",
}  # fmt: skip
_THEME = ("#FFFFFF", "#000000", "#EEECE1", "#1F497D", "#4F81BD", "#C0504D", "#9BBB59", "#8064A2", "#4BACC6", "#F79646")


class _Styles(_Reader):
    def __init__(self) -> None:
        super().__init__()
        self.looks: list[Look] = []
        self._formats: dict[int, str] = dict(_BUILT_IN)
        self._fonts: list[Look] = []
        self._fills: list[str] = []
        self._borders: list[bool] = []
        self._font = PLAIN
        self._fill = ""
        self._border = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        path = self.path
        if name == "numFmt" and "dxf" not in path:
            self._formats[int(attributes["numFmtId"])] = attributes["formatCode"]
        elif name == "font":
            self._font = PLAIN
        elif name == "fill":
            self._fill = ""
        elif name == "border":
            self._border = False
        elif "font" in path and "dxf" not in path:
            on = attributes.get("val", "1") not in ("0", "false")
            if name == "b":
                self._font = replace(self._font, bold=on)
            elif name == "i":
                self._font = replace(self._font, italic=on)
            elif name == "sz":
                self._font = replace(self._font, size=float(attributes["val"]))
            elif name == "color":
                self._font = replace(self._font, font=_colour(attributes, "#000000"))
        elif name == "patternFill" and attributes.get("patternType", "none") in ("none", "gray125"):
            self._fill = "none"
        elif name == "fgColor" and self._fill != "none":
            self._fill = _colour(attributes, "")
        elif "border" in path and attributes.get("style", "none") != "none":
            self._border = True
        elif name == "xf" and "cellXfs" in path:
            font = self._fonts[int(attributes.get("fontId", "0"))]
            code = self._formats.get(int(attributes.get("numFmtId", "0")), "General")
            fill, border = self._fills[int(attributes.get("fillId", "0"))], self._borders[int(attributes.get("borderId", "0"))]
            self.looks.append(replace(font, number_format=code, fill=fill, border=border))

    def end(self, name: str, text: str) -> None:
        if "dxf" in self.path or "dxfs" in self.path:
            return
        if name == "font":
            self._fonts.append(self._font)
        elif name == "fill":
            self._fills.append("" if self._fill == "none" else self._fill)
        elif name == "border":
            self._borders.append(self._border)


def _colour(attributes: Mapping[str, str], default: str) -> str:
    """`#RRGGBB`, or empty where it is the default."""
    if "rgb" in attributes:
        colour = "#" + attributes["rgb"][-6:].upper()
    elif "theme" in attributes and int(attributes["theme"]) < len(_THEME) and float(attributes.get("tint", 0)) == 0:
        colour = _THEME[int(attributes["theme"])]
    else:
        return ""
    return "" if colour == default else colour


_ADDRESS = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})$")


class _Sheet(_Reader):
    """Reads one sheet's cells. `counted` is shared between sheets, so that the limit holds for the whole file."""

    def __init__(self, sheet: Sheet, strings: list[str], looks: list[Look], counted: list[int], since_1904: bool) -> None:
        super().__init__()
        self.sheet, self._strings, self._looks, self._counted, self._since_1904 = sheet, strings, looks, counted, since_1904
        self.arrays: list[Place] = []
        self.unprefixed: list[Place] = []
        self._shared: dict[str, tuple[str, Place]] = {}
        self._row = self._column = 0
        self._kind = self._style = self._value = ""
        self._formula: str | None = None
        self._runs: list[str] = []
        self._how: dict[str, str] = {}

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "c":
            self._begin(attributes)
        elif name == "row":
            self._row = int(attributes.get("r", self._row + 1))
            self._column = 0
        elif name == "f":
            self._how = attributes
        elif name == "mergeCell":
            ref = formulas.reference(attributes["ref"])
            self.sheet.merged.append(ref.bounds)
        elif name == "pane" and attributes.get("state") in ("frozen", "frozenSplit"):
            self.sheet.frozen = (int(float(attributes.get("ySplit", 0))), int(float(attributes.get("xSplit", 0))))

    def _begin(self, attributes: dict[str, str]) -> None:
        address = attributes.get("r")
        if address is None:
            self._column += 1
        else:
            match = _ADDRESS.match(address)
            if match is None:
                raise Unsafe(f"'{address[:20]}' is no address of a cell")
            self._row, self._column = int(match[2]), formulas.number(match[1])
        if self._row > FURTHEST[0] or self._column > FURTHEST[1]:
            raise Unsafe(
                f"the sheet '{self.sheet.name[:40]}' has contents at {formulas.letters(self._column)}{self._row}, further out than is taken"
            )
        self._counted[0] += 1
        if self._counted[0] > MOST_CELLS:
            raise Unsafe(_TOO_MANY)
        self._kind, self._style = attributes.get("t", "n"), attributes.get("s", "")
        self._value, self._formula, self._runs = "", None, []

    def end(self, name: str, text: str) -> None:
        if name == "c":
            self._finish()
        elif name == "v":
            self._value = text
        elif name == "t" and "is" in self.path and "rPh" not in self.path:
            self._runs.append(text)
        elif name == "f":
            self._formula = self._written(text.strip())

    def _written(self, text: str) -> str:
        kind, place = self._how.get("t", "normal"), (self._row, self._column)
        if kind == "dataTable":
            raise Unsafe(f"{self._where()} belongs to a what-if data table, which cannot be recalculated here")
        if kind == "array":
            ref = self._how.get("ref", "")
            if ":" in ref and formulas.reference(ref).bounds[:2] != formulas.reference(ref).bounds[2:]:
                raise Unsafe(f"{self._where()} holds an array formula over several cells")
            self.arrays.append(place)
        if kind == "shared":
            index = self._how.get("si", "")
            if text:
                self._shared[index] = (text, place)
            elif index in self._shared:
                first, origin = self._shared[index]
                try:
                    return formulas.moved("=" + first, place[0] - origin[0], place[1] - origin[1])[1:]
                except FormulaError as problem:
                    raise Unsafe(f"{self._where()}: {problem}") from problem
            else:
                raise Unsafe(f"{self._where()} shares a formula that is not there")
        return text

    def _where(self) -> str:
        return str(Spot(self.sheet.name, self._row, self._column))

    def _finish(self) -> None:
        place = (self._row, self._column)
        if self._style:
            look = self._looks[int(self._style)]
            if look != PLAIN:
                self.sheet.looks[place] = look
        content = self._content()
        if content is not None:
            if place in self.sheet.cells:
                raise Unsafe(f"{self._where()} stands twice in the file")
            self.sheet.cells[place] = content

    def _content(self) -> Content | None:
        if self._formula:
            text = "=" + self._formula[: formulas.LONGEST + 1]
            if formulas.strangely_stored(text):
                self.unprefixed.append((self._row, self._column))
            if "_xl" in text:
                with suppress(FormulaError):  # what is wrong with a formula is the verifier's to say
                    text = formulas.typed(text)
            return Formula(text)
        kind, value = self._kind, self._value
        if kind == "inlineStr":
            return _text("".join(self._runs))
        if value == "":
            return None
        if kind == "s":
            return _text(self._strings[int(value)])
        if kind == "b":
            return value.strip() in ("1", "true")
        if kind == "e":
            return ErrorValue(value)
        if kind == "str":
            return _text(value)
        if kind == "d":
            raise Unsafe(f"{self._where()} holds a date as text of ISO 8601; save it as a date")
        number = float(value)
        if number != number or number in (float("inf"), float("-inf")):
            raise Unsafe(f"{self._where()} holds no finite number")
        return number


def _text(text: str) -> str | None:
    if len(text) > LONGEST_TEXT:
        raise Unsafe("a cell holds more text than a cell can")
    return text or None


def _book(found: Mapping[str, bytes], known: Read) -> Book:
    root = _Relations()
    root.run(found["_rels/.rels"])
    main = next(
        (target.lstrip("/") for target in root.targets.values() if target.lower().endswith("workbook.xml")), "xl/workbook.xml"
    ).lower()
    if main != "xl/workbook.xml":
        raise Unsafe("its workbook is not where .xlsx files have it")
    relations, workbook, strings, styles = _Relations(), _Workbook(), _Strings(), _Styles()
    relations.run(found["xl/_rels/workbook.xml.rels"])
    workbook.run(found[main])
    if workbook.since_1904:
        raise Unsafe("it counts dates from 1904; switch that option off")
    if workbook.as_displayed:
        raise Unsafe("it calculates with figures as displayed; switch that option off")
    if "xl/sharedstrings.xml" in found:
        strings.run(found["xl/sharedstrings.xml"])
    if "xl/styles.xml" in found:
        styles.run(found["xl/styles.xml"])
    if not workbook.sheets or len(workbook.sheets) > MOST_SHEETS or len(workbook.names) > MOST_NAMES:
        raise Unsafe(f"a workbook has 1 to {MOST_SHEETS} sheets and at most {MOST_NAMES} names")
    if len({name.casefold() for name, _, _ in workbook.sheets}) != len(workbook.sheets):
        raise Unsafe("two sheets share a name")
    book, arrays, unprefixed, counted, first = Book(names=workbook.names), [], [], [0], not known
    shared = (found.get("xl/sharedstrings.xml", b""), found.get("xl/styles.xml", b""))
    for name, relation, hidden in workbook.sheets:
        target = relations.targets[relation]
        path = (target.lstrip("/") if target.startswith("/") else "xl/" + target).lower()
        sheet = Sheet(name, hidden=hidden)
        if path.startswith("xl/chartsheets/"):
            raise Unsafe(f"'{name[:40]}' is a chart sheet; put charts on sheets")
        key = (*shared, found[path])
        before = known.get(key)
        if before is None:
            reader = _Sheet(sheet, strings.strings, styles.looks, counted, workbook.since_1904)
            here = counted[0]
            reader.run(found[path])
            places, bare = tuple(reader.arrays), tuple(reader.unprefixed)
            if first:
                known[key] = (sheet.copy(), places, bare, counted[0] - here)
        else:
            same, places, bare, count = before
            sheet = replace(same.copy(), name=name, hidden=hidden)
            counted[0] += count
            if counted[0] > MOST_CELLS:
                raise Unsafe(_TOO_MANY)
        arrays += [Spot(name, row, column) for row, column in places]
        unprefixed += [Spot(name, row, column) for row, column in bare]
        book.sheets.append(sheet)
    book.array_cells, book.unprefixed = frozenset(arrays), frozenset(unprefixed)
    return book
