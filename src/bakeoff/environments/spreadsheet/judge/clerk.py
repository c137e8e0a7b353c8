"""The verifier's own process: the only place where a worker's file is opened.

It answers two requests, in JSON behind a length: `examine` reads the saved file and reports on its form, `calculate` puts scenarios into both engines and
reports what the outputs show. It is told cells, names and numbers; it knows neither the task nor the right answers.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import resource
import signal
import struct
import sys
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, BinaryIO

from bakeoff.environments.spreadsheet import formulas
from bakeoff.environments.spreadsheet.book import Book, ErrorValue, Formula, Read, Value, read
from bakeoff.environments.spreadsheet.engines import Engine, EngineError, Formualizer, Ironcalc
from bakeoff.environments.spreadsheet.formulas import FormulaError
from bakeoff.environments.spreadsheet.judge import frame, hygiene, pieces
from bakeoff.environments.spreadsheet.judge.tracing import Cell, Graph, TooManyLinks, content_at
from bakeoff.environments.spreadsheet.safety import Unsafe
from bakeoff.environments.spreadsheet.spec import Spot

MEMORY = 3_000_000_000
"""Bytes of address space that the process may use."""
SECONDS = 20.0
"""Processor time that one request may take, unless the process is told otherwise."""
_SHOWN = 6
ALLOWED_LITERALS = frozenset(
    {0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 7.0, 10.0, 12.0, 52.0, 100.0, 360.0, 365.0, 366.0, 1000.0, 10_000.0, 1_000_000.0}
)
"""Numbers that may stand in a formula without being an assumption: signs, halves, days, weeks, months and quarters, per cent, basis points and units."""


@dataclass(frozen=True, slots=True)
class Original:
    """A file as handed out: what is in it, its cells in error, an image of it for the engine that reads formulas slowly, what its formulas refer to,
    and its sheets by the XML that they were read from."""

    book: Book
    broken: frozenset[Spot]
    image: bytes
    graph: Graph | None
    parts: Read


class Case:
    """A file under examination: as handed out, as saved, and where what the job names is in it."""

    def __init__(self, order: dict[str, Any], known: Original, saved: Book) -> None:
        self.order, self.original, self.saved = order, known.book, saved
        self.free = frozenset(_spot(item) for item in order["open"])
        self.alignment = frame.align(known.book, saved, self.free)
        self.missing: list[str] = []
        self.drivers = {item["key"]: self._place(item) for item in order["drivers"]}
        self.outputs = {item["key"]: self._place(item) for item in order["outputs"]}
        self.changed = self._changed()
        places = {sheet.name: index for index, sheet in enumerate(saved.sheets)}
        own = [(places[spot.sheet], spot.row, spot.column) for spot, _ in self.changed]
        self.graph = Graph(saved, None if self.alignment.moved else known.graph, own)

    def _place(self, item: dict[str, Any]) -> tuple[Spot, ...]:
        """Where a driver or an output is in the saved file."""
        if not item["name"]:
            spots = tuple(self.alignment.spot(_spot(spot)) for spot in item["spots"])
            gone = next((spot for spot in spots if self.saved.sheet(spot.sheet) is None), None)
            if gone is not None:
                self.missing.append(f"the sheet '{gone.sheet}' is gone or has another name")
                return ()
            return spots
        area = self.saved.area(item["name"])
        if area is None:
            self.missing.append(f"no cells have the name '{item['name']}', which was asked for")
            return ()
        if len(area) != item["count"]:
            self.missing.append(
                f"the name '{item['name']}' stands for {len(area)} cells; {item['count']} were asked for, one for each period"
            )
            return ()
        return area

    def _changed(self) -> list[tuple[Spot, Formula]]:
        """Formulas of the worker's own: those that the file did not have in that place, and all in open cells."""
        old: dict[tuple[str, int, int], str] = {}
        for sheet in self.original.sheets:
            name, free = sheet.name.casefold(), {(spot.row, spot.column) for spot in self.free if spot.sheet == sheet.name}
            for (row, column), content in sheet.cells.items():
                if isinstance(content, Formula) and (row, column) not in free:
                    old[name, self.alignment.row(name, row) if self.alignment.moved else row, column] = content
        found = []
        for sheet in self.saved.sheets:
            name = sheet.name.casefold()
            for (row, column), content in sheet.cells.items():
                if isinstance(content, Formula):
                    before = old.get((name, row, column))
                    if before is None or (before != content and not self.alignment.moved):
                        found.append((Spot(sheet.name, row, column), content))
        return found

    def given(self) -> set[Cell]:
        """Where constants stand that stood there, or in an open cell, from the start."""
        found: set[Cell] = set()
        places = {sheet.name.casefold(): index for index, sheet in enumerate(self.saved.sheets)}
        for sheet in self.original.sheets:
            name = sheet.name.casefold()
            index = places.get(name)
            if index is None:
                continue
            now = self.saved.sheets[index].cells
            for (row, column), content in sheet.cells.items():
                if not isinstance(content, Formula):
                    here = self.alignment.row(name, row) if self.alignment.moved else row
                    if now.get((here, column)) == content:
                        found.add((index, here, column))
        return found


def _spot(item: list[Any]) -> Spot:
    return Spot(str(item[0]), int(item[1]), int(item[2]))


class Clerk:
    """Keeps the case at hand between requests, and what it has read of the last files that were handed out."""

    def __init__(self) -> None:
        self._case: Case | None = None
        self._engines: list[Engine] = []
        self._originals: dict[str, Original] = {}

    # --- the file's form -------------------------------------------------------------------------------------------------------------------

    def examine(self, order: dict[str, Any], original: bytes, saved: bytes) -> dict[str, Any]:
        """What is found without calculating more than the base case. Keys: `refused` (one sentence) or `digest` and `problems` (check -> sentences)."""
        self._case, self._engines = None, []
        known = self._original(original)
        handed_out, broken = known.book, known.broken
        try:
            book = read(saved, known.parts)
            case = Case(order, known, book)
        except Unsafe as problem:
            return {"refused": str(problem)}
        except TooManyLinks:
            return {"refused": "its formulas refer to each other millions of times; no model needs that"}
        problems: dict[str, list[str]] = {
            "frame": [*case.missing, *frame.differences(handed_out, book, case.alignment, self._frozen(case))]
        }
        changed = case.changed
        problems["functions"] = _functions(book, changed)
        problems["inputs-kept"] = _inputs(case)
        problems["depends"] = [] if case.missing else _depends(case)
        problems["literals"] = _literals(case, changed, frozenset(order["literals"]))
        result: dict[str, Any] = {"digest": book.digest().hex(), "problems": problems}
        if not case.missing and not problems["functions"]:
            try:
                self._engines = [Ironcalc.copied(known.image, handed_out, book), Formualizer(book)]
                problems["no-errors"] = _errors(case, self._engines[0], broken)
                problems["depends"] += _idle(case, self._engines[0])
            except EngineError as problem:
                problems["functions"] = [str(problem)]
                self._engines = []
        result["hygiene"], result["findings"] = hygiene.score(case.saved, case.graph, changed, case.drivers.values())
        result["cells"] = sum(len(sheet.cells) for sheet in book.sheets)
        result["formulas"] = len(case.graph.links)
        self._case = case
        return result

    def _frozen(self, case: Case) -> frozenset[Spot]:
        """Cells that `frame` leaves to other checks: those that are open, and the given inputs."""
        given = {_spot(spot) for item in case.order["drivers"] for spot in item["spots"]}
        return case.free | given

    def _original(self, data: bytes) -> Original:
        """What is known of the file as handed out."""
        key = hashlib.sha256(data).hexdigest()
        if key not in self._originals:
            parts: Read = {}
            book = read(data, parts)
            engine = Ironcalc(book)
            image = engine.image
            values = engine.values(spot for spot, _ in book.formulas())
            broken = frozenset(spot for spot, value in values.items() if isinstance(value, ErrorValue))
            while len(self._originals) >= 16:
                del self._originals[next(iter(self._originals))]
            try:
                graph = Graph(book)
            except TooManyLinks:
                graph = None
            self._originals[key] = Original(book, broken, image, graph, parts)
        return self._originals[key]

    # --- its numbers -----------------------------------------------------------------------------------------------------------------------

    def calculate(self, scenarios: list[dict[str, list[float]]]) -> dict[str, Any]:
        """What the outputs show in each scenario (driver key -> numbers as they stand in the cells), by engine: outputs in the order of the job."""
        case = self._case
        assert case is not None and self._engines
        wanted = [spot for spots in case.outputs.values() for spot in spots]
        answer: dict[str, Any] = {}
        for engine in self._engines:
            rows = []
            before: dict[str, list[float]] = {}
            for scenario in scenarios:
                numbers = {
                    spot: number
                    for key, values in scenario.items()
                    if before.get(key) != values
                    for spot, number in zip(case.drivers[key], values, strict=True)
                }
                engine.set(numbers)
                before = scenario
                found = engine.values(wanted)
                rows.append([_json(found[spot]) for spot in wanted])
            answer[engine.name] = rows
        return {"values": answer, "spots": [str(spot) for spot in wanted]}


def _json(value: Value | None) -> Any:
    """A value for the wire: a finite number as it is, anything else as a list of one text."""
    if isinstance(value, float) and math.isfinite(value):
        return value
    if value is None:
        return ["empty"]
    if isinstance(value, bool):
        return ["TRUE" if value else "FALSE"]
    return [str(value) if isinstance(value, ErrorValue) else f"the text '{str(value)[:40]}'"]


def _some(found: list[str]) -> list[str]:
    return found if len(found) <= _SHOWN else [*found[:_SHOWN], f"and {len(found) - _SHOWN} more"]


def _functions(book: Book, changed: Iterable[tuple[Spot, Formula]]) -> list[str]:
    found = []
    meanings = book.meanings()
    for spot, formula in changed:
        try:
            formulas.check(formulas.resolved(formula, meanings))
        except FormulaError as problem:
            found.append(f"{spot} {str(formula)[:80]}: {problem}")
        else:
            unknown = next((name for name in formulas.names(formula) if name.rpartition("!")[2].casefold() not in meanings), None)
            if unknown is not None:
                found.append(f"{spot} uses the name '{unknown[:60]}', which stands for no cells of this workbook")
    return _some(found)


def _inputs(case: Case) -> list[str]:
    found = []
    for item in case.order["drivers"]:
        for spot, number in zip(case.drivers[item["key"]], item["base"], strict=False):
            content = case.saved.get(spot)
            where = f"{spot} ({item['name'] or item['key']})"
            if isinstance(content, Formula):
                found.append(f"{where} is an input and holds the formula {str(content)[:60]}")
            elif not isinstance(content, float):
                found.append(
                    f"{where} is an input and holds {'nothing' if content is None else repr(content)[:60]} instead of {number:.10g}"
                )
            elif abs(content - number) > 1e-9 * max(1e-3, abs(number)):
                found.append(f"{where} is an input and holds {content:.10g} instead of {number:.10g}")
    return _some(found)


def _depends(case: Case) -> list[str]:
    bits = {key: 1 << index for index, key in enumerate(case.drivers)}
    marked: dict[Cell, int] = {}
    for key, spots in case.drivers.items():
        for spot in spots:
            cell = case.graph.cell(spot)
            marked[cell] = marked.get(cell, 0) | bits[key]
    cells = {key: [case.graph.cell(spot) for spot in spots] for key, spots in case.outputs.items()}
    marks = case.graph.marks(marked, [cell for found in cells.values() for cell in found])
    found = []
    for item in case.order["outputs"]:
        union = 0
        for cell in cells[item["key"]]:
            union |= marks[cell]
        lacking = [key for key in item["depends"] if not union & bits[key]]
        if lacking:
            first = case.outputs[item["key"]][0]
            found.append(f"{first} ({item['label']}) does not depend on {', '.join(_called(case, key) for key in sorted(lacking))}")
    return _some(found + _plugs(case, cells))


def _idle(case: Case, engine: Engine) -> list[str]:
    """Checks that show the same when what they hold together is tampered with."""
    found = []
    for item in case.order["outputs"]:
        spots = case.outputs[item["key"]]
        still = list(engine.values(spots).values()) if item["check"] else []
        asleep = {spot for spot in spots if item["check"]}
        for key in item["check"]:
            cells = case.outputs[key]
            before = engine.values(cells)
            for number, spot in enumerate(cells, 1):
                value = before[spot]
                engine.put(spot, 1.37 * (value if isinstance(value, float) else 0.0) + 1000.0 * number)
            asleep -= {spot for spot, now, was in zip(spots, engine.values(spots).values(), still, strict=True) if now != was}
            for spot in cells:
                engine.put(spot, case.saved.get(spot))
            if not asleep:
                break
        found += [
            f"{spot} ({item['label']}) is a check that cannot fail: it stays the same when what it holds together changes"
            for spot in sorted(asleep)
        ]
    return _some(found)


def _plugs(case: Case, cells: Mapping[str, Sequence[Cell]]) -> list[str]:
    """Figures made up from what they are to balance, in the same period."""
    labels = {item["key"]: item["label"] for item in case.order["outputs"]}
    found = []
    for one, other in case.order["apart"]:
        for mine, its in zip(cells[one], cells[other], strict=False):
            if its in case.graph.cone([mine]):
                found.append(
                    f"{case.graph.spot(mine)} ({labels[one]}) comes from {case.graph.spot(its)} ({labels[other]}) of the same period, which it has to meet by itself"
                )
    return found


def _called(case: Case, key: str) -> str:
    spots = case.drivers[key]
    return f"{key} ({spots[0]})" if spots else key


class Pieces:
    """Numbers that the worker puts together from small ones, across formulas and helper cells."""

    def __init__(self, case: Case, changed: Iterable[tuple[Spot, Formula]], given: Set[Cell]) -> None:
        self._case, self._given = case, given
        self._own = {case.graph.cell(spot): formula for spot, formula in changed}
        self._places = {sheet.name.casefold(): index for index, sheet in enumerate(case.saved.sheets)}
        self._known: dict[Cell, pieces.Piece | None] = {}
        self._meanings = case.saved.meanings()
        self._rows, self._columns = (40 + max(sheet.used[at] for sheet in case.original.sheets) for at in (0, 1))
        self._depth = 0

    def heaviest(self, cell: Cell) -> int:
        """The most pieces of any number within one of the worker's formulas. Raises `FormulaError`."""
        return self._read(cell)[0]

    def _read(self, cell: Cell) -> tuple[int, pieces.Piece | None]:
        text = formulas.resolved(str(self._own[cell]), self._meanings) if self._meanings else str(self._own[cell])
        return pieces.heaviest(text, _Ground(self, cell[0]))

    def cells(self, own: int, ref: formulas.Reference) -> tuple[Cell, ...]:
        """What a reference in a formula on the sheet `own` refers to."""
        return self._case.graph.cells(own if ref.sheet is None else self._places.get(ref.sheet.casefold(), -1), ref)

    def constant(self, own: int, ref: formulas.Reference) -> pieces.Piece | None:
        """As `pieces.Ground`."""
        parts = [self._piece(other) for other in self.cells(own, ref)]
        if any(part is None for part in parts):
            return None
        if ref.single and len(parts) == 1:
            return parts[0]
        return pieces.Piece(sum(part.plain.weight for part in parts if part is not None))

    def words(self, cells: Iterable[Cell]) -> str:
        """Texts in these cells that did not stand there from the start."""
        found = (content_at(self._case.saved, cell) for cell in cells if cell not in self._given)
        return "".join(content for content in found if type(content) is str)

    def inside(self, ref: formulas.Reference) -> bool:
        """As `pieces.Ground`."""
        _, _, bottom, right = ref.bounds
        return bool(ref.whole) or (bottom <= self._rows and right <= self._columns)

    def _piece(self, cell: Cell) -> pieces.Piece | None:
        """What a cell is made of; None when something given reaches it."""
        if cell in self._given:
            return None
        content = content_at(self._case.saved, cell)
        if not isinstance(content, Formula):
            number = 0.0 if content is None else content if isinstance(content, float) else None
            return pieces.Piece(int(content is not None), number, isinstance(content, str))
        if cell not in self._own or self._depth > 100:
            return None
        if cell not in self._known:
            self._known[cell] = None  # a circle is nothing that holds
            self._depth += 1
            try:
                self._known[cell] = self._read(cell)[1]
            except FormulaError:
                self._known[cell] = None
            finally:
                self._depth -= 1
        return self._known[cell]


@dataclass(frozen=True, slots=True)
class _Ground:
    """References of formulas on one sheet."""

    made: Pieces
    own: int

    def constant(self, ref: formulas.Reference) -> pieces.Piece | None:
        return self.made.constant(self.own, ref)

    def inside(self, ref: formulas.Reference) -> bool:
        return self.made.inside(ref)

    def hollow(self, ref: formulas.Reference) -> bool:
        if ref.single or ref.whole:
            return False
        top, left, bottom, right = ref.bounds
        return (bottom - top + 1) * (right - left + 1) - len(self.made.cells(self.own, ref)) > pieces.SMALL

    def wordy(self, ref: formulas.Reference) -> str:
        return self.made.words(self.made.cells(self.own, ref))


def _literals(case: Case, changed: Iterable[tuple[Spot, Formula]], further: frozenset[float]) -> list[str]:
    """Numbers written into formulas, or put into helper cells, that an output comes from."""
    cone = case.graph.cone((case.graph.cell(spot) for spots in case.outputs.values() for spot in spots), fresh=True)
    allowed = ALLOWED_LITERALS | further
    inputs = {case.graph.cell(spot) for spots in case.drivers.values() for spot in spots}
    given = case.given()
    made = Pieces(case, changed, inputs | given)
    found = _typed(case, given)
    for spot, formula in changed:
        if case.graph.cell(spot) not in cone:
            continue
        try:
            if made.heaviest(case.graph.cell(spot)) > pieces.MOST:
                found.append(
                    f"{spot} {str(formula)[:80]} has a number put together from small ones, a text or empty cells, which no given input stands behind"
                )
            strange = [number for number in formulas.literals(formula) if abs(number) not in allowed and number not in allowed]
            hidden = [text for text in formulas.texts(formula) if _is_number(text)]
        except FormulaError:
            continue
        if strange or hidden:
            found.append(
                f"{spot} {str(formula)[:80]} has the number {', '.join([*(f'{number:.10g}' for number in strange), *hidden])} written into it"
            )
    for cell in sorted(cone - inputs - given):
        content = content_at(case.saved, cell)
        number = content if isinstance(content, float) else None
        if number is not None and abs(number) not in allowed and number not in allowed:
            found.append(f"{case.graph.spot(cell)} holds the number {number:.10g}, which is no given input")
        elif isinstance(content, str) and not isinstance(content, Formula) and _is_number(content):
            found.append(f"{case.graph.spot(cell)} holds the text '{content[:40]}' in place of a number")
    return _some(found)


def _typed(case: Case, given: Set[Cell]) -> list[str]:
    """Outputs that are typed in, even where no scenario moves them. A row may begin with nought or one, as a counter does."""
    found = []
    for item in case.order["outputs"]:
        for place, spot in enumerate(case.outputs[item["key"]]):
            content = case.saved.get(spot)
            if content is None or case.graph.cell(spot) in given or (place == 0 and item["count"] > 1 and content in (0.0, 1.0)):
                continue
            if not isinstance(content, Formula):
                found.append(f"{spot} ({item['label']}) is typed in; a formula belongs there")
            elif not case.graph.links.get(case.graph.cell(spot)) and not _POSITIONAL & set(formulas.functions(content)):
                found.append(f"{spot} ({item['label']}) {str(content)[:60]} refers to nothing")
    return found


_POSITIONAL = frozenset(("ROW", "COLUMN", "ROWS", "COLUMNS"))
_MONTHS = re.compile(
    "jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|sep(tember)?|oct(ober)?|nov(ember)?|dec(ember)?|[ap]m|e|t|z",
    re.IGNORECASE,
)


def _is_number(text: str) -> bool:
    """Whether a text could be taken for a number, an amount, a date or a time, other than nought."""
    plain = _MONTHS.sub("", text)
    return (
        any(mark.isdigit() and mark != "0" for mark in plain)
        and not any(mark.isalpha() for mark in plain)
        and plain.lstrip()[:1] not in "<>='"
    )


def _errors(case: Case, engine: Engine, broken: frozenset[Spot]) -> list[str]:
    """Cells in error. Those that were in error from the start count only where an output comes from them."""
    wrong = engine.errors(case.graph.links)
    if not wrong:
        return []
    cone = case.graph.cone(case.graph.cell(spot) for spots in case.outputs.values() for spot in spots)
    known = {case.alignment.spot(spot) for spot in broken - case.free}
    return _some(
        [f"{case.graph.spot(cell)} shows {value}" for cell, value in wrong.items() if cell in cone or case.graph.spot(cell) not in known]
    )


# --- the wire ----------------------------------------------------------------------------------------------------------------------------------


def send(stream: BinaryIO, message: dict[str, Any], *blobs: bytes) -> None:
    """A message: the length of its JSON and of each blob, then all of them."""
    body = json.dumps(message, allow_nan=False).encode()
    stream.write(struct.pack(">B", 1 + len(blobs)))
    for part in (body, *blobs):
        stream.write(struct.pack(">Q", len(part)) + part)
    stream.flush()


def receive(stream: BinaryIO) -> tuple[dict[str, Any], list[bytes]] | None:
    """The next message; None at the end of the stream."""
    head = stream.read(1)
    if not head:
        return None
    parts = []
    for _ in range(head[0]):
        size = stream.read(8)
        (length,) = struct.unpack(">Q", size)
        parts.append(stream.read(length))
    return json.loads(parts[0]), parts[1:]


def main() -> None:
    """Serves requests until the stream ends. The first argument: seconds of processor time that one may take."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    clerk = Clerk()
    source, target = sys.stdin.buffer, sys.stdout.buffer
    while (message := receive(source)) is not None:
        order, blobs = message
        signal.setitimer(signal.ITIMER_PROF, seconds)
        try:
            answer = clerk.examine(order, *blobs) if order["do"] == "examine" else clerk.calculate(order["scenarios"])
        except MemoryError:
            answer = {"refused": "it needs more memory than a model should"}
        except RecursionError:
            answer = {"refused": "it is nested more deeply than a model should be"}
        signal.setitimer(signal.ITIMER_PROF, 0)
        send(target, answer)
