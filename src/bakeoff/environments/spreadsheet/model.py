"""A model without a layout: lines on a timeline, each with a rule in a small notation, and apart from them a reference in plain Python.

The notation is Python's expression syntax over keys of lines. `growth` is the line in the same period (or a scalar), `revenue[-1]` the period
before, `flow[ahead]` the range of all forecast periods, `flow[so_far]` everything up to this period, `flow[:]` the whole timeline, `n[last]`
its last period, `n[latest]` the last period of history. Functions are the spreadsheet's own: `MIN(a, b)`, `IF(a > b, c, d)`, `SUM(a, b, c)`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from bakeoff.environments.spreadsheet.spec import Unit, Values

DATA = "#"
"""Stands for figures that are given, where a line could also have a rule."""

Numbers = dict[str, list[float]]
"""What a reference computes: key of a line -> its number in each period of the whole timeline; one number for a scalar."""

Flags = Mapping[str, Any]
"""What a house has drawn: conventions and the data model, by name."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a model (or one cell, for a scalar).

    Attributes:
        key: an identifier; the reference's name for it.
        term: the term of the vocabulary that labels it.
        section: key of its section.
        unit: see `spec.Unit`.
        ahead: its rule in forecast periods (or for a scalar): a formula, `DATA`, or empty for nothing.
        back: its rule in past periods; None for the same as `ahead`.
        first: its rule in the very first period of the timeline, where the usual one has nothing to look back to; None for none.
        at_close: its rule in the last past period, where a position is taken over there (a deal closes); None for the usual one.
        tag: what tells lines of the same term apart, e.g. a product's name.
        cost: shown negative in houses that write costs and outflows so.
        low, high: legal range of given figures; None for a plain one around the base.
        rule: a sentence for the definitions paper; `{key}` is replaced by a line's label.
        total: a subtotal, set bold; in some houses it stands above what it adds up.
        block: lines of one block stay together.
        headline: asked for where only the important figures are.
        check: must be zero; no output, but in view.
        beside: key of a scalar that stands in the same row before the timeline.
        places: digits after the point, where the house's own would hide something.
    """

    key: str
    term: str
    section: str
    unit: Unit = "money"
    ahead: str = DATA
    back: str | None = None
    first: str | None = None
    at_close: str | None = None
    scalar: bool = False
    tag: str = ""
    cost: bool = False
    low: float | None = None
    high: float | None = None
    rule: str = ""
    total: bool = False
    block: str = ""
    headline: bool = False
    check: bool = False
    beside: str = ""
    places: int | None = None

    @property
    def past(self) -> str:
        """The rule in past periods."""
        return self.ahead if self.back is None else self.back


@dataclass(frozen=True, slots=True)
class Section:
    """A titled group of lines. `sheet`: sections of one name stand on one sheet where the house splits its model; `inputs`: holds assumptions."""

    key: str
    term: str
    sheet: str = "model"
    inputs: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """An identity: `residual` gets all numbers ahead (given and computed) and returns one number for each period. `apart`: see `spec.Identity`."""

    name: str
    claim: str
    residual: Callable[[Mapping[str, tuple[float, ...]]], tuple[float, ...]]
    apart: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, eq=False)
class Model:
    """The structure that a family draws for a house: no figures and no layout.

    Attributes:
        sections, lines: in natural order; every line's section is among the sections.
        past, future: numbers of periods (or of items, where the axis is not time).
        reference: given figures -> all computed ones over the whole timeline. Past figures of a line with a rule ahead are called `<key>.past`.
        data: a random generator -> given figures in the base case.
        claims: identities.
        cases: base figures -> named scenarios that flip branches.
        switchable: keys of given lines that a scenario switch may choose.
        literals: numbers that stand in formulas by convention.
        captions: names of the items, where the axis is not time.
    """

    sections: tuple[Section, ...]
    lines: tuple[Line, ...]
    past: int
    future: int
    reference: Callable[[Values], Numbers]
    data: Callable[[Any], Numbers]
    claims: tuple[Claim, ...] = ()
    cases: Callable[[Values], Mapping[str, Values]] = field(default=lambda base: {})
    switchable: tuple[str, ...] = ()
    literals: frozenset[float] = frozenset()
    captions: tuple[str, ...] = ()

    @property
    def span(self) -> int:
        return self.past + self.future

    @cached_property
    def _by_key(self) -> Mapping[str, Line]:
        return {line.key: line for line in self.lines}

    def line(self, key: str) -> Line:
        """The line with this key. Raises `KeyError`."""
        return self._by_key[key]

    @property
    def keys(self) -> AbstractSet[str]:
        return self._by_key.keys()

    def section(self, key: str) -> Section:
        return next(section for section in self.sections if section.key == key)


@dataclass(frozen=True, slots=True)
class Family:
    """A kind of model.

    Attributes:
        name: e.g. `loan`; no hyphen.
        said: what an analyst calls it, e.g. `loan schedule`.
        workflow, data_model: flag -> (what training products draw from, what the farther products draw from).
        build: flags -> the model.
        across: whether the axis is time.
        templates: names of the tasks it offers beyond the usual ones, or empty.
        without: usual tasks that make no sense here.
    """

    name: str
    said: str
    workflow: Mapping[str, tuple[tuple[Any, ...], tuple[Any, ...]]]
    data_model: Mapping[str, tuple[tuple[Any, ...], tuple[Any, ...]]]
    build: Callable[[Flags], Model]
    axis: str = "time"
    without: frozenset[str] = frozenset()
