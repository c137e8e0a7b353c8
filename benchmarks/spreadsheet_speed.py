"""How fast a workbook is graded: a model of ten sheets, every output in the base case and in at least eight scenarios, in two engines; and how long
LibreOffice takes over the same recalculations.

    python benchmarks/spreadsheet_speed.py                  # grading, reading, the desk
    python benchmarks/spreadsheet_speed.py --libreoffice    # and LibreOffice: all cases in one process

The model is made here: ten sheets that feed each other, 30 rows over 10 periods, 3,020 cells of which 2,700 are formulas with three to eleven references
each. Figures are processor seconds of everything that works (this process and the verifier's own) and wall seconds, the median of several runs.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import openpyxl

from bakeoff.core import Action, Limits, Task, TaskId
from bakeoff.environments.spreadsheet import bare, render, writer
from bakeoff.environments.spreadsheet.book import Book, Formula, Sheet, read
from bakeoff.environments.spreadsheet.desk import Desk
from bakeoff.environments.spreadsheet.engines import ENGINES, Formualizer, Ironcalc
from bakeoff.environments.spreadsheet.formulas import letters
from bakeoff.environments.spreadsheet.judge import judge
from bakeoff.environments.spreadsheet.judge.process import OFFICE
from bakeoff.environments.spreadsheet.judge.scenarios import draw
from bakeoff.environments.spreadsheet.spec import Driver, Job, Output, Spot, Values

SHEETS, ROWS, PERIODS = 10, 30, 10
COLUMNS = range(2, 2 + PERIODS)


def model(solved: bool) -> Book:
    """Ten sheets; on each, row 1 holds the periods, rows 2 to 4 inputs, and every further row comes from rows above, the period before and the sheet before."""
    book = Book([Sheet(f"Sheet{number}") for number in range(1, SHEETS + 1)])
    for index, sheet in enumerate(book.sheets):
        sheet.cells[1, 1] = "Period"
        for row in range(2, ROWS + 1):
            sheet.cells[row, 1] = f"Line {row} of {index + 1}"
        for column in COLUMNS:
            here, before = letters(column), letters(column - 1)
            sheet.cells[1, column] = float(2024 + column)
            sheet.cells[2, column], sheet.cells[3, column], sheet.cells[4, column] = 100.0 + column + index, 0.05, 0.3
            for row in range(5, ROWS + 1):
                if index == SHEETS - 1 and row > ROWS - 5 and not solved:
                    continue
                last = f"{before}{row}" if column > 2 else f"{here}2"
                other = f"+{book.sheets[index - 1].name}!{here}{row}/100" if index else ""
                text = f"={last}*(1+{here}$3)-{here}{row - 1}*{here}$4+MAX({here}{max(2, row - 5)}:{here}{row - 1})/10{other}"
                sheet.cells[row, column] = Formula(text)
    return book


def reference(given: Values) -> Values:
    """The same in plain Python."""
    below = [[0.0] * (ROWS - 1) for _ in range(PERIODS)]
    for index in range(SHEETS):
        columns = []
        for at, given_here in enumerate(zip(*(given[f"{name}{index}"] for name in ("base", "growth", "rate")), strict=True)):
            base, growth, rate = given_here
            column, before, under = list(given_here), columns[-1] if columns else [base] * (ROWS - 1), below[at]
            for place in range(3, ROWS - 1):
                below_it = under[place] / 100
                column.append(before[place] * (1 + growth) - column[-1] * rate + max(column[max(0, place - 5) :]) / 10 + below_it)
            columns.append(column)
        below = columns
    return {f"line{row}": tuple(column[row - 2] for column in below) for row in range(ROWS - 4, ROWS + 1)}


def job() -> Job:
    drivers = []
    for index in range(SHEETS):
        for row, name, base, low, high in ((2, "base", None, 1.0, 10_000.0), (3, "growth", 0.05, -0.5, 0.5), (4, "rate", 0.3, 0.0, 1.0)):
            spots = tuple(Spot(f"Sheet{index + 1}", row, column) for column in COLUMNS)
            numbers = tuple(100.0 + column + index if base is None else base for column in COLUMNS)
            drivers.append(Driver(f"{name}{index}", spots, "money" if base is None else "rate", numbers, low, high))
    spots = {row: tuple(Spot(f"Sheet{SHEETS}", row, column) for column in COLUMNS) for row in range(ROWS - 4, ROWS + 1)}
    depends = frozenset(driver.key for driver in drivers)
    handed = writer.write(bare.write(model(solved=False)), model(solved=False))
    return Job(
        Task(TaskId("spreadsheet", "bench-model", 1, "build", 1), "bench", "train", "Build the last five rows.", Limits()),
        handed,
        (),
        tuple(drivers),
        tuple(Output(f"line{row}", f"Line {row}", found, "money", depends=depends) for row, found in spots.items()),
        reference,
        open=frozenset(spot for found in spots.values() for spot in found),
    )


def processor() -> float:
    """Processor seconds of this process and of the verifier's."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    child = OFFICE._child
    other = 0.0
    if child is not None:
        fields = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()
        other = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return own.ru_utime + own.ru_stime + other


def timed(work: Callable[[], object], runs: int) -> dict[str, float]:
    """Median processor and wall seconds, after one run that does not count."""
    work()
    found = []
    for _ in range(runs):
        wall, cpu = time.perf_counter(), processor()
        work()
        found.append((processor() - cpu, time.perf_counter() - wall))
    return {"cpu": statistics.median(cpu for cpu, _ in found), "wall": statistics.median(wall for _, wall in found), "runs": runs}


def in_libreoffice(found: Job, book: Book, cases: int) -> dict[str, float]:
    """LibreOffice opening, recalculating and saving the model: every case, in one process, so that its start counts once."""
    files = []
    for scenario in draw(found, b"benchmark")[:cases]:
        changed = book.copy()
        for driver in found.drivers:
            for spot, number in zip(driver.spots, scenario.values[driver.key], strict=True):
                sheet = changed.sheet(spot.sheet)
                assert sheet is not None
                sheet.cells[spot.row, spot.column] = number
        files.append(bare.write(changed))
    wall, cpu = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    shown = render.many(files, "xlsx")
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    together = {"cpu": spent.ru_utime + spent.ru_stime - cpu.ru_utime - cpu.ru_stime, "wall": time.perf_counter() - wall}
    first = openpyxl.load_workbook(io.BytesIO(shown[0]), data_only=True)
    right = [number for output in found.outputs for number in reference(found.base())[output.key]]
    values = [first[spot.sheet][spot.a1].value for output in found.outputs for spot in output.spots]
    assert all(abs(one - two) < 1e-6 * max(1, abs(two)) for one, two in zip(values, right, strict=True)), "LibreOffice shows other values"
    return {"cases": len(files), "together cpu": together["cpu"], "together wall": together["wall"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--libreoffice", action="store_true", help="measure LibreOffice as well")
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    found, book = job(), model(solved=True)
    saved = writer.write(found.workbook, book)  # as the desk saves it
    verdict = judge(found, saved)
    assert verdict.to_dict()["value"] == 1, verdict
    cases = len(verdict.evidence["scenarios"])  # type: ignore[union-attr]
    count = sum(isinstance(content, Formula) for sheet in book.sheets for content in sheet.cells.values())
    print(f"{len(book.sheets)} sheets, {sum(len(sheet.cells) for sheet in book.sheets)} cells, {count} formulas, {cases} cases")
    figures = {"grade": timed(lambda: judge(found, saved), chosen.runs), "read": timed(lambda: read(saved), chosen.runs)}
    for engine in (*ENGINES,):
        figures[f"load and calculate in {engine.name}"] = timed(
            lambda engine=engine: engine(book).values([found.outputs[0].spots[0]]), chosen.runs
        )  # type: ignore[misc]
        warm = engine(book)
        steps = iter(range(10_000))
        spot = found.drivers[0].spots[0]
        figures[f"one scenario in {engine.name}"] = timed(
            lambda warm=warm, steps=steps, spot=spot: (warm.set({spot: 100.0 + next(steps)}), warm.values([found.outputs[0].spots[0]])),  # type: ignore[misc]
            chosen.runs,
        )
    desk = Desk(found)
    steps = iter(range(10_000))
    figures["a step at the desk"] = timed(
        lambda: desk.perform(Action("write", {"cell": "Sheet1!B2", "content": str(next(steps))})), chosen.runs
    )
    for name, figure in figures.items():
        print(f"{name:36} {figure['cpu'] * 1000:8.1f} ms of processor, {figure['wall'] * 1000:8.1f} ms of wall (median of {chosen.runs})")
    assert {Ironcalc.name, Formualizer.name} == {engine.name for engine in ENGINES}
    if chosen.libreoffice:
        office = in_libreoffice(found, book, cases)
        figures["LibreOffice"] = office
        print(
            f"LibreOffice, {office['cases']} cases in one process: {office['together cpu']:.1f} s of processor, {office['together wall']:.1f} s of wall"
        )
        print(f"grading is {office['together cpu'] / figures['grade']['cpu']:.0f} times as fast by processor time")
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
