"""Bring your own workbook: a TOML file names a finished workbook's drivers and outputs, and jobs follow.

The finished workbook is its own reference, recalculated for every scenario, unless a Python function is named. Each job hands the workbook out with some
outputs emptied and, from seed 1 on, with other figures in the drivers.
"""

from __future__ import annotations

import importlib.util
import math
import os
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, get_args

from bakeoff.core import Action, EnvironmentFault, Limits, Observation, Policy, Product, Proof, Split, Task, TaskId, UsageError, follow
from bakeoff.environments.spreadsheet import attacks, formulas, writer
from bakeoff.environments.spreadsheet.book import Book, Formula, read
from bakeoff.environments.spreadsheet.engines import EngineError, Formualizer
from bakeoff.environments.spreadsheet.environment import SpreadsheetEnvironment
from bakeoff.environments.spreadsheet.formulas import FormulaError
from bakeoff.environments.spreadsheet.judge.tracing import Graph
from bakeoff.environments.spreadsheet.safety import Unsafe
from bakeoff.environments.spreadsheet.spec import Document, Driver, Job, Output, Spot, Unit, Values
from bakeoff.toml import Table
from bakeoff.toml import read as read_toml

FOLDER, NAMED = "workbooks", "BAKEOFF_WORKBOOKS"
"""Where the TOML files are, and the environment variable that names files or folders instead."""
_ABOUT = "a workbook is described by a TOML file, see docs/spreadsheets.md"


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of job: the outputs that are emptied."""

    name: str
    instruction: str
    outputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Own:
    """A workbook brought from outside, read and checked."""

    name: str
    version: int
    about: str
    file: bytes
    book: Book
    drivers: tuple[Driver, ...]
    outputs: tuple[Output, ...]
    pack: tuple[Document, ...]
    kinds: Mapping[str, _Kind]
    reference: Callable[[Values], Values]
    scenarios: Mapping[str, Values] = field(default_factory=dict)
    literals: frozenset[float] = frozenset()


def files() -> tuple[Path, ...]:
    """The TOML files that `$BAKEOFF_WORKBOOKS` names, else those in `workbooks/`. Raises `UsageError` for a path that is not there."""
    named = os.environ.get(NAMED)
    found: list[Path] = []
    for item in named.split(os.pathsep) if named else [FOLDER] if Path(FOLDER).is_dir() else []:
        path = Path(item)
        if not path.exists():
            raise UsageError(f"there is no workbook at '{path}'; {NAMED} names TOML files or folders of them")
        found += sorted(path.glob("*.toml")) if path.is_dir() else [path]
    return tuple(dict.fromkeys(found))


def read_own(path: Path) -> Own:
    """Reads a TOML file and the workbook it names. Raises `UsageError` with one line that says what to mend."""
    return _read(path.resolve(), path.stat().st_mtime_ns if path.exists() else 0)


@lru_cache(maxsize=32)
def _read(path: Path, _changed: int) -> Own:
    top, _ = read_toml(path, _ABOUT)
    name, version, about = top.take("name", str), top.number("version", 1, 1), top.take("about", str, "")
    file = path.parent / top.take("workbook", str)
    try:
        data = file.read_bytes()
        book = read(data)
    except OSError as problem:
        raise top.fail(f"cannot read {file}: {problem.strerror}", "workbook") from problem
    except Unsafe as problem:
        raise top.fail(f"{file.name}: {problem}", "workbook") from problem
    drivers = tuple(_driver(table, book) for table in top.tables("drivers", "driver", needed=True))
    outputs = tuple(_output(table, book) for table in top.tables("outputs", "output", needed=True))
    outputs = _with_dependence(top, book, drivers, outputs)
    pack = tuple(Document(table.take("title", str), table.take("text", str)) for table in top.tables("papers", "paper"))
    function = top.take("reference", str, "")
    reference = _function(top, path.parent, function) if function else FromWorkbook(book, drivers, outputs)
    scenarios = {table.take("name", str): _scenario(table, drivers) for table in top.tables("scenarios", "scenario")}
    kinds = _kinds(top, outputs)
    literals = frozenset(float(number) for number in top.take("literals", list, []))
    top.done()
    try:
        reference({driver.key: driver.base for driver in drivers})
    except (EnvironmentFault, EngineError) as problem:
        raise UsageError(f"{path}: the finished workbook cannot be a reference: {problem}") from problem
    return Own(name, version, about, data, book, drivers, outputs, pack, kinds, reference, scenarios, literals)


def _cells(table: Table, book: Book) -> tuple[Spot, ...]:
    """The cells that `cells` names, by address or defined name."""
    text = table.take("cells", str)
    area = book.area(text)
    if area is not None:
        return area
    try:
        parts = formulas.tokens("=" + text)
        ref = formulas.reference(parts[0].text) if len(parts) == 1 and parts[0].kind == "ref" else None
    except FormulaError:
        ref = None
    sheet = book.sheet(ref.sheet) if ref is not None and ref.sheet is not None else None
    if ref is None or sheet is None or ref.whole:
        names = ", ".join(page.name for page in book.sheets)
        raise table.fail(f"'{text}' is no range of the workbook; write one like Model!C5:H5 (sheets: {names}) or a defined name", "cells")
    top, left, bottom, right = ref.bounds
    return tuple(Spot(sheet.name, row, column) for row in range(top, bottom + 1) for column in range(left, right + 1))


def _driver(table: Table, book: Book) -> Driver:
    spots = _cells(table, book)
    base = []
    for spot in spots:
        content = book.get(spot)
        if isinstance(content, bool) or not isinstance(content, float):
            raise table.fail(f"{spot} holds no number; a driver's cells are typed in", "cells")
        base.append(content)
    largest = max(map(abs, base))
    unit: Unit = table.choice("unit", get_args(Unit), "money")
    low = float(table.take("low", (int, float), 0.2 * min(base) if min(base) > 0 else -5 * largest - 1))
    high = float(table.take("high", (int, float), 5 * max(base) if max(base) > 0 else 5 * largest + 1))
    if not low <= min(base) <= max(base) <= high:
        raise table.fail(f"the workbook's own figures, {min(base):g} to {max(base):g}, lie outside of {low:g} to {high:g}", "low")
    key, history = table.take("key", str), table.take("history", bool, False)
    table.done()
    return Driver(key, spots, unit, tuple(base), low, high, history=history)


def _output(table: Table, book: Book) -> Output:
    spots = _cells(table, book)
    for spot in spots:
        if not isinstance(book.get(spot), Formula):
            raise table.fail(f"{spot} holds no formula; the workbook must be finished", "cells")
        try:
            formulas.check(formulas.resolved(str(book.get(spot)), book.meanings()))
        except FormulaError as problem:
            raise table.fail(f"{spot}: {problem}", "cells") from problem
    key = table.take("key", str)
    found = Output(key, table.take("label", str, key), spots, table.choice("unit", get_args(Unit), "money"))
    table.done()
    return found


def _with_dependence(top: Table, book: Book, drivers: Sequence[Driver], outputs: Sequence[Output]) -> tuple[Output, ...]:
    for what, keys in (("driver", [driver.key for driver in drivers]), ("output", [output.key for output in outputs])):
        if len(set(keys)) != len(keys):
            raise top.fail(f"two {what}s share a key")
    graph = Graph(book)
    marked: dict[tuple[int, int, int], int] = {}
    for index, driver in enumerate(drivers):
        for spot in driver.spots:
            marked[graph.cell(spot)] = marked.get(graph.cell(spot), 0) | 1 << index
    marks = graph.marks(marked, [graph.cell(spot) for output in outputs for spot in output.spots])
    found = []
    for output in outputs:
        union = 0
        for spot in output.spots:
            union |= marks[graph.cell(spot)]
        depends = frozenset(driver.key for index, driver in enumerate(drivers) if union & 1 << index)
        if not depends:
            raise top.fail(f"the output '{output.key}' depends on none of the drivers; name what it comes from")
        found.append(replace(output, depends=depends))
    return tuple(found)


class FromWorkbook:
    """A finished workbook as the reference: numbers of the drivers in, numbers of the outputs out."""

    def __init__(self, book: Book, drivers: Sequence[Driver], outputs: Sequence[Output]) -> None:
        self._engine = Formualizer(book)
        self._drivers, self._outputs = tuple(drivers), tuple(outputs)

    def __call__(self, given: Values) -> Values:
        self._engine.set({spot: number for driver in self._drivers for spot, number in zip(driver.spots, given[driver.key], strict=True)})
        found = self._engine.values(spot for output in self._outputs for spot in output.spots)
        right: dict[str, tuple[float, ...]] = {}
        for output in self._outputs:
            numbers = []
            for spot in output.spots:
                value = found[spot]
                if isinstance(value, bool) or not isinstance(value, float) or not math.isfinite(value):
                    raise EnvironmentFault(f"{spot} shows {value} within the drivers' ranges; narrow `low` and `high`", retryable=False)
                numbers.append(value)
            right[output.key] = tuple(numbers)
        return right


def _function(top: Table, folder: Path, text: str) -> Callable[[Values], Values]:
    """`file.py:name`, beside the TOML file."""
    file, _, name = text.partition(":")
    path = folder / file
    spec = importlib.util.spec_from_file_location(f"bakeoff_reference_{path.stem}", path)
    if not path.is_file() or spec is None or spec.loader is None or not name:
        raise top.fail(f"'{text}' is no function; write file.py:function, beside this file", "reference")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    function: Any = getattr(module, name, None)
    if not callable(function):
        raise top.fail(f"{file} has no function '{name}'", "reference")
    found: Callable[[Values], Values] = function
    return found


def _scenario(table: Table, drivers: Sequence[Driver]) -> Values:
    numbers: dict[str, tuple[float, ...]] = {}
    for driver in drivers:
        if table.has(driver.key):
            value = table.take(driver.key, (int, float, list))
            row = tuple(float(item) for item in value) if isinstance(value, list) else (float(value),) * len(driver.base)
            if len(row) != len(driver.base) or not all(driver.low <= number <= driver.high for number in row):
                raise table.fail(f"'{driver.key}' takes {len(driver.base)} numbers from {driver.low:g} to {driver.high:g}", driver.key)
            numbers[driver.key] = row
    table.done()
    return numbers


def _kinds(top: Table, outputs: Sequence[Output]) -> dict[str, _Kind]:
    labels = {output.key: output.label for output in outputs}
    found: dict[str, _Kind] = {}
    for table in top.tables("tasks", "task"):
        name, keys = table.take("name", str), table.texts("outputs")
        unknown = next((key for key in keys if key not in labels), None)
        if unknown is not None or not keys:
            raise table.fail(f"'outputs' names some of {', '.join(labels)}, not '{unknown or ''}'", "outputs")
        found[name] = _Kind(name, table.take("instruction", str), keys)
        table.done()
    if found:
        return found
    for key, label in labels.items():
        name = "fill-" + "".join(letter if letter.isalnum() else "-" for letter in key.lower()).strip("-")
        found[name] = _Kind(name, f"Fill in {label} with formulas, so that it moves when the inputs do.", (key,))
    if len(labels) > 1:
        every = ", ".join(labels.values())
        found["build"] = _Kind("build", f"Fill in {every} with formulas, so that they move when the inputs do.", tuple(labels))
    return found


class WorkbookEnvironment(SpreadsheetEnvironment):
    """Workbooks from elsewhere, each described by a TOML file (docs/spreadsheets.md)."""

    name: ClassVar[str] = "workbooks"

    def __init__(self) -> None:
        super().__init__()
        self._jobs: dict[tuple[int, TaskId, int], tuple[Own, Job]] = {}

    def own(self) -> dict[str, Own]:
        """All workbooks by name. Raises `UsageError` when two share one, or a file is wrong."""
        found: dict[str, Own] = {}
        for path in files():
            made = read_own(path)
            if made.name in found:
                raise UsageError(f"{path}: there is a workbook '{made.name}' already")
            found[made.name] = made
        return found

    def products(self, *, family: str | None = None, split: Split | None = None) -> Sequence[Product]:
        made = [
            Product(item.name, item.version, "own", "train", "none", tuple(item.kinds), (), len(item.outputs), {"about": item.about})
            for item in self.own().values()
        ]
        return [item for item in made if family in (None, item.family) and split in (None, item.split)]

    def _found(self, task_id: TaskId) -> tuple[Own, _Kind]:
        found = self.own()
        item = found.get(task_id.product)
        if task_id.environment != self.name or item is None or item.version != task_id.version or task_id.template not in item.kinds:
            raise UsageError(
                f"there is no task {task_id}; there are the workbooks {', '.join(found) or f'none: put TOML files into {FOLDER}'}"
            )
        return item, item.kinds[task_id.template]

    def task(self, task_id: TaskId) -> Task:
        item, kind = self._found(task_id)
        count = sum(len(output.spots) for output in item.outputs if output.key in kind.outputs)
        return Task(task_id, "own", "train", kind.instruction, Limits(40 + 4 * count, 900.0))

    def job(self, task: Task) -> Job:
        return self._made(task, task.id.seed)

    def practice(self, task: Task) -> Job:
        return self._made(task, -1 - task.id.seed)

    def _made(self, task: Task, seed: int) -> Job:
        item, kind = self._found(task.id)
        place = (id(item), task.id, seed)
        if place not in self._jobs:
            self._jobs[place] = (item, self._make(task, item, kind, seed))
        return self._jobs[place][1]

    def _make(self, task: Task, item: Own, kind: _Kind, seed: int) -> Job:
        drivers = tuple(replace(driver, base=_drawn(driver, item.name, seed)) for driver in item.drivers)
        outputs = tuple(output for output in item.outputs if output.key in kind.outputs)
        book = item.book.copy()
        for driver in drivers:
            for spot, number in zip(driver.spots, driver.base, strict=True):
                _sheet(book, spot).cells[spot.row, spot.column] = number
        opened = frozenset(spot for output in outputs for spot in output.spots)
        for spot in opened:
            _sheet(book, spot).cells.pop((spot.row, spot.column), None)

        def reference(given: Values) -> Values:
            right = item.reference(given)
            return {output.key: right[output.key] for output in outputs}

        return Job(
            task,
            writer.write(item.file, book),
            item.pack,
            drivers,
            outputs,
            reference,
            (),
            opened,
            item.scenarios,
            item.literals,
            hygiene=True,
        )

    def _actions(self, task: Task, *, wrapped: bool = False) -> list[Action]:
        item, _ = self._found(task.id)
        steps = []
        for spot in sorted(self.job(task).open):
            text = str(item.book.get(spot))
            steps.append(Action("write", {"cell": str(spot), "content": f"=({text[1:]})" if wrapped else text}))
        return steps

    def expert(self, task: Task) -> Policy | None:
        return _play(self._actions(task))

    def proofs(self, task: Task) -> tuple[Proof, ...]:
        from bakeoff.environments.spreadsheet import disguises

        job, steps = self.job(task), self._actions(task)
        solved = item_solved(self._found(task.id)[0], job)
        found = [
            Proof("expert", "expert", "writes the finished workbook's formulas", follow(_play(steps))),
            Proof("backwards", "alternative", "the same, last cell first", follow(_play(steps[::-1]))),
            Proof("in-brackets", "alternative", "writes each formula in brackets", follow(_play(self._actions(task, wrapped=True)))),
        ]
        for disguise in disguises.disguises(job, solved):
            found.append(Proof(disguise.name, "mutant", disguise.claim, _handing_in(disguise.workbook)))
            if len(found) >= 19:
                break
        return (*found, *attacks.attacks(job))


def item_solved(item: Own, job: Job) -> bytes:
    """The finished workbook with the job's figures."""
    book = item.book.copy()
    for driver in job.drivers:
        for spot, number in zip(driver.spots, driver.base, strict=True):
            _sheet(book, spot).cells[spot.row, spot.column] = number
    return writer.write(item.file, book)


def _sheet(book: Book, spot: Spot) -> Any:
    found = book.sheet(spot.sheet)
    assert found is not None
    return found


def _drawn(driver: Driver, name: str, seed: int) -> tuple[float, ...]:
    """The workbook's own figures for seed 0, else others nearby."""
    if seed == 0 or driver.unit in ("switch", "date"):
        return driver.base
    rng = random.Random(f"{name}/{driver.key}/{seed}")
    whole = all(number == int(number) for number in driver.base) and driver.unit in ("count", "days")
    found = []
    for number in driver.base:
        other = min(max(float(f"{number * rng.uniform(0.85, 1.2):.3g}"), driver.low), driver.high)
        found.append(float(round(other)) if whole else other)
    return tuple(found)


def _play(steps: Sequence[Action]) -> Policy:
    left = iter([*steps, Action("finish")])

    def policy(observation: Observation) -> Action:
        return next(left)

    return policy


def _handing_in(workbook: bytes) -> Callable[[Any, Observation], None]:
    def run(environment: Any, observation: Observation) -> None:
        environment.submission = workbook
        environment.step(Action("finish"))

    return run
