"""What a spreadsheet job is: the file handed out, what may be changed, which cells must come out right, and a reference that knows the answer.

Makers of jobs (families, workbooks brought from outside) produce a `Job`; the desk shows it to a worker, the verifier judges the saved file by it.
Neither knows where it came from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from bakeoff.core.task import Task

Unit = Literal["money", "rate", "ratio", "count", "days", "date", "switch"]
"""`rate`: a share of one, 0.05 for 5 %. `ratio`: a multiple, 7.5 for 7.5x. `date`: days since 1899-12-30. `switch`: a whole number that chooses."""

Values = Mapping[str, tuple[float, ...]]
"""Key of a driver or an output -> its number in each period, in order; one number for a scalar. In the reference's own units and signs."""


@dataclass(frozen=True, slots=True, order=True)
class Spot:
    """A cell: sheet name, row and column counted from 1."""

    sheet: str
    row: int
    column: int

    @property
    def a1(self) -> str:
        """E.g. `C7`."""
        letters, column = "", self.column
        while column:
            column, rest = divmod(column - 1, 26)
            letters = chr(65 + rest) + letters
        return f"{letters}{self.row}"

    def __str__(self) -> str:
        """E.g. `'Debt schedule'!C7`."""
        plain = self.sheet.replace("_", "a").isalnum() and self.sheet.isascii() and not self.sheet[:1].isdigit()
        sheet = self.sheet if plain else "'" + self.sheet.replace("'", "''") + "'"
        return f"{sheet}!{self.a1}"


@dataclass(frozen=True, slots=True)
class Driver:
    """Given numbers that a scenario may change: an assumption, a row of history, an opening balance, a switch.

    Attributes:
        key: the reference's name for it.
        spots: its cells, one for each period (one for a scalar), in the file as handed out.
        unit: see `Unit`.
        base: its numbers in the base case, in the reference's units and signs.
        low, high: between these any number is legal; a scenario stays within.
        scale: what stands in the cell is the number times this, e.g. -1 where the house writes costs negative, 0.001 where it writes thousands.
        given: it stands in the file already. Otherwise the worker has to enter it from the information pack, and the base is checked.
        history: actual figures of past periods.
        name: a defined name the worker was asked to give these cells, where the layout is the worker's own (`spots` is then empty).
    """

    key: str
    spots: tuple[Spot, ...]
    unit: Unit
    base: tuple[float, ...]
    low: float
    high: float
    scale: float = 1.0
    given: bool = True
    history: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True)
class Output:
    """Numbers that must come out right, in the base case and in every scenario.

    Attributes:
        key: the reference's name for it.
        label: what the sheet calls it, for messages.
        spots: its cells, one for each period.
        unit, scale: as of a `Driver`.
        depends: keys of the drivers that reach it in the reference; each must be among the cell's precedents in at least one period.
        name: a defined name the worker was asked to give these cells, where the layout is the worker's own (`spots` is then empty).
        check: for a line that is zero whatever the drivers are: the outputs that it holds together. It has to show something else when they are tampered with.
    """

    key: str
    label: str
    spots: tuple[Spot, ...]
    unit: Unit
    scale: float = 1.0
    depends: frozenset[str] = frozenset()
    name: str = ""
    check: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Identity:
    """What must be zero in every period and scenario, e.g. assets less liabilities less equity. `residual` takes drivers and outputs together,
    in the reference's units, and returns one number for each period. `apart`: pairs of outputs of which the first may not come from the second in the same
    period, where the one would be made up so that the other is met (a plug)."""

    name: str
    claim: str
    residual: Callable[[Values], tuple[float, ...]]
    apart: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """One paper of the information pack: a title and plain text, as an analyst gets it (assumptions, historicals, notes, house rules)."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """A figure that the worker is to say when it finishes. An answer is right when the number in it lies within `tolerance` of `value`; both are in
    the units and signs of the sheet, as it shows them. `percent`: what 1 % is there, for answers with a sign of per cent or in basis points."""

    value: float
    tolerance: float
    percent: float = 0.01


@dataclass(frozen=True, slots=True)
class Job:
    """A spreadsheet task with everything that the desk and the verifier need.

    Attributes:
        task: id, instruction, limits, split, distance.
        workbook: the .xlsx file handed out.
        pack: the papers that come with it.
        drivers, outputs, identities: see there.
        reference: numbers of all drivers -> numbers of all outputs, in plain Python; total over the legal range, never raises there.
        open: cells that the worker may fill or change. Whatever else stands in the file must stay, value and formula; empty cells elsewhere and new
            sheets are free for the worker's own calculations.
        scenarios: named cases that flip branches (a revolver drawn, a tax loss, the other switch): driver key -> numbers; others at their base.
        literals: further numbers that may stand in a formula here, e.g. a statutory constant that the pack states.
        question: the figure asked for, where the job asks for one; the answer is then part of the verdict.
        hygiene: whether the capped bonus for good form applies (whole models, not single rows).
    """

    task: Task
    workbook: bytes
    pack: tuple[Document, ...]
    drivers: tuple[Driver, ...]
    outputs: tuple[Output, ...]
    reference: Callable[[Values], Values]
    identities: tuple[Identity, ...] = ()
    open: frozenset[Spot] = frozenset()
    scenarios: Mapping[str, Values] = field(default_factory=lambda: MappingProxyType({}))
    literals: frozenset[float] = frozenset()
    hygiene: bool = False
    question: Question | None = None

    def base(self) -> dict[str, tuple[float, ...]]:
        """The numbers of all drivers in the base case."""
        return {driver.key: driver.base for driver in self.drivers}
