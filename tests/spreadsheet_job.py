"""A small job by hand, for tests of the desk and the verifier: five rows of a revenue model over two past and three future years."""

from __future__ import annotations

import io
from dataclasses import replace

import openpyxl
from openpyxl.styles import Font, PatternFill
from openpyxl.workbook.defined_name import DefinedName

from bakeoff.core import Limits, Task, TaskId
from bakeoff.environments.spreadsheet.spec import Document, Driver, Identity, Job, Output, Spot, Values

COLUMNS = (3, 4, 5, 6, 7)
"""C to G: 2024 and 2025 are history, 2026 to 2028 the forecast."""
FUTURE = COLUMNS[2:]


def workbook() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Model"
    sheet["A1"], sheet["A1"].font = "Harbour Ltd", Font(bold=True, size=14)
    sheet["A2"] = "EUR k"
    for column, year in zip(COLUMNS, range(2024, 2029), strict=True):
        cell = sheet.cell(3, column, year)
        cell.font, cell.number_format = Font(bold=True), '"FY"0'
    for row, label in {4: "Growth", 5: "Revenue", 6: "Cost rate", 7: "Costs", 8: "Gross profit"}.items():
        sheet.cell(row, 1, label)
        sheet.cell(row, 2, "%" if row in (4, 6) else "EUR k")
    blue = Font(color="FF0000FF")
    for column, growth, rate in zip(FUTURE, (0.05, 0.06, 0.07), (0.6, 0.61, 0.62), strict=True):
        for row, number in ((4, growth), (6, rate)):
            cell = sheet.cell(row, column, number)
            cell.font, cell.number_format, cell.fill = blue, "0.0%", PatternFill("solid", fgColor="FFFFFFCC")
    for column, revenue, costs in ((3, 100, 58), (4, 110, 65)):
        sheet.cell(5, column, revenue).font = blue
        sheet.cell(7, column, -costs).font = blue
        letter = "CD"[column - 3]
        sheet.cell(8, column, f"={letter}5+{letter}7")
    for row in (5, 7, 8):
        for column in COLUMNS:
            sheet.cell(row, column).number_format = "#,##0.0"
    sheet["A10"], sheet["B10"] = "Tax rate", 0.25
    sheet["B10"].number_format = "0%"
    sheet.column_dimensions["A"].width = 24
    sheet.freeze_panes = "C4"
    book.defined_names["Tax"] = DefinedName("Tax", attr_text="Model!$B$10")
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def reference(given: Values) -> Values:
    revenue, costs, last = [], [], given["revenue_history"][-1]
    for growth, rate in zip(given["growth"], given["cost_rate"], strict=True):
        last *= 1 + growth
        revenue.append(last)
        costs.append(last * rate)
    profit = [one - two for one, two in zip(revenue, costs, strict=True)]
    return {"revenue": tuple(revenue), "costs": tuple(costs), "profit": tuple(profit)}


def spots(row: int, columns: tuple[int, ...] = FUTURE) -> tuple[Spot, ...]:
    return tuple(Spot("Model", row, column) for column in columns)


def job() -> Job:
    """Fill revenue, costs (written negative) and gross profit for the three future years."""
    task = Task(
        TaskId("spreadsheet", "tiny-harbour", 1, "fill-rows", 1),
        "tiny",
        "train",
        "Complete Revenue, Costs and Gross profit for FY2026 to FY2028.",
        Limits(60, 120.0),
    )
    return Job(
        task=task,
        workbook=workbook(),
        pack=(Document("Notes", "Costs are written negative."), Document("History", "Long. " * 200)),
        drivers=(
            Driver("revenue_history", spots(5, (4,)), "money", (110.0,), 1.0, 100_000.0, history=True),
            Driver("growth", spots(4), "rate", (0.05, 0.06, 0.07), -0.5, 2.0),
            Driver("cost_rate", spots(6), "rate", (0.6, 0.61, 0.62), 0.0, 1.5),
        ),
        outputs=(
            Output("revenue", "Revenue", spots(5), "money", depends=frozenset({"revenue_history", "growth"})),
            Output("costs", "Costs", spots(7), "money", scale=-1.0, depends=frozenset({"revenue_history", "growth", "cost_rate"})),
            Output("profit", "Gross profit", spots(8), "money", depends=frozenset({"revenue_history", "growth", "cost_rate"})),
        ),
        reference=reference,
        identities=(
            Identity(
                "profit",
                "revenue less costs is gross profit",
                lambda all: tuple(r - c - p for r, c, p in zip(all["revenue"], all["costs"], all["profit"], strict=True)),
            ),
        ),
        open=frozenset({*spots(5), *spots(7), *spots(8)}),
        hygiene=True,
    )


FILLED: dict[str, str] = {
    "E5": "=D5*(1+E4)", "F5": "=E5*(1+F4)", "G5": "=F5*(1+G4)", "E7": "=-E5*E6", "F7": "=-F5*F6", "G7": "=-G5*G6",
    "E8": "=E5+E7", "F8": "=F5+F7", "G8": "=G5+G7",
}  # fmt: skip
"""The right formulas."""


def solved(changes: dict[str, object] | None = None, *, of: Job | None = None) -> bytes:
    """The finished workbook as openpyxl writes it, with some cells otherwise."""
    book = openpyxl.load_workbook(io.BytesIO((of or job()).workbook))
    for address, content in {**FILLED, **(changes or {})}.items():
        sheet, _, cell = address.rpartition("!")
        book[sheet or "Model"][cell] = content
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def other(**changes: object) -> Job:
    """The job with something otherwise."""
    return replace(job(), **changes)  # type: ignore[arg-type]
