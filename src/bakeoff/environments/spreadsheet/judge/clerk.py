"""The verifier's own process: the only place where a worker's file is opened.

It answers two requests, in JSON behind a length: `examine` reads the saved file and reports on its form, `calculate` puts scenarios into both engines and
reports what the outputs show. It is told cells, names and numbers; it knows neither the task nor the right answers.
"""

from __future__ import annotations

import hashlib
import json
import math
import resource
import signal
import struct
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, BinaryIO

from bakeoff.environments.spreadsheet import formulas
from bakeoff.environments.spreadsheet.book import Book, ErrorValue, Formula, Read, Value, read
from bakeoff.environments.spreadsheet.engines import Engine, EngineError, Formualizer, Ironcalc
from bakeoff.environments.spreadsheet.formulas import FormulaError
from bakeoff.environments.spreadsheet.judge import frame, hygiene, literals
from bakeoff.environments.spreadsheet.judge.case import Case, Original, some, spot_of
from bakeoff.environments.spreadsheet.judge.tracing import Cell, Graph, TooManyLinks
from bakeoff.environments.spreadsheet.safety import Unsafe
from bakeoff.environments.spreadsheet.spec import Spot

MEMORY = 3_000_000_000
"""Bytes of address space that the process may use."""
SECONDS = 20.0
"""Processor time that one request may take, unless the process is told otherwise."""


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
        problems["literals"] = literals.found_in(case, changed, frozenset(order["literals"]))
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
        given = {spot_of(spot) for item in case.order["drivers"] for spot in item["spots"]}
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
            if spot in book.unprefixed:
                found.append(
                    f"{spot} {str(formula)[:80]}: the file stores a function in a way that Excel shows as #NAME? (newer ones need '_xlfn.' in front, others must not have it); save it with a spreadsheet program"
                )
            if unknown is not None:
                found.append(f"{spot} uses the name '{unknown[:60]}', which stands for no cells of this workbook")
    return some(found)


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
    return some(found)


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
    return some(found + _plugs(case, cells))


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
    return some(found)


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


def _errors(case: Case, engine: Engine, broken: frozenset[Spot]) -> list[str]:
    """Cells in error. Those that were in error from the start count only where an output comes from them."""
    wrong = engine.errors(case.graph.links)
    if not wrong:
        return []
    cone = case.graph.cone(case.graph.cell(spot) for spots in case.outputs.values() for spot in spots)
    known = {case.alignment.spot(spot) for spot in broken - case.free}
    return some(
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
