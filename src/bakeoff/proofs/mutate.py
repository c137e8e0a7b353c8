"""Wrong final states made from a right one, for any job in any software: what changed is left undone, done twice, done elsewhere, done with
another value, or done with something besides.

The only material is the state before and the state after an expert's run, as tables. So what is tried depends on nobody's imagination, and
whatever keeps its state in tables gets it for nothing.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from types import MappingProxyType
from typing import Any

from bakeoff.proofs.freedom import Freedom, is_ignored
from bakeoff.proofs.tables import Edit, Key, Row, Rows, Tables
from bakeoff.proofs.values import Column, kind_of, wrong_values

OPERATORS: dict[str, str] = {
    "nothing-done": "everything as it was",
    "dropped": "one change left out",
    "only-one": "one change made and all others left out",
    "sibling": "the change made to a similar row instead",
    "also-sibling": "the change made to a similar row as well",
    "duplicated": "a new row twice",
    "swapped": "two changed values in each other's places",
    "wrong-column": "the right value in a column beside, the right column as it was",
    "other-value": "another value of the same column",
    "emptied": "a changed value left empty",
    "flipped": "a yes for a no",
    "sign": "the sign turned round",
    "unit": "ten or a thousand times as much, or a hundredth",
    "off-by-one": "one too many or too few",
    "day": "a day, a week or a year off, or day and month exchanged",
    "case": "capitals and small letters exchanged",
    "space": "spaces left out or doubled",
    "truncated": "the last word missing",
    "word-order": "words in reverse order",
    "typo": "a letter too many, missing, or two exchanged",
    "item-missing": "one item of a list missing",
    "item-doubled": "one item of a list twice",
    "inside": "one value inside a structured text wrong",
    "extra-edit": "all as asked, and a value elsewhere changed",
    "extra-row": "all as asked, and a row too many",
    "first-row": "all as asked, and a row in a table that was empty",
    "lost-row": "all as asked, and a row that should have stayed is gone",
    "half-lost": "all as asked, and half of all other rows of a table are gone",
}
"""Kinds of mistakes, and what each does. An environment's own wrong states come on top."""

EVERYWHERE = ("extra-edit", "extra-row", "first-row", "lost-row", "half-lost")
"""Done beside the job and not to it."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A wrong final state: the kind of mistake, one sentence, and the edits that make it from the right one."""

    operator: str
    claim: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class _Touched:
    """A row that the job changed, added (`old` is None) or removed (`new` is None)."""

    table: str
    key: Key
    old: Row | None
    new: Row | None

    @property
    def columns(self) -> list[str]:
        """What changed in it; for a new row, what is filled in."""
        if self.new is None:
            return []
        if self.old is None:
            return [name for name, value in self.new.items() if value not in (None, "", ())]
        return [name for name, value in self.new.items() if self.old[name] != value]

    @property
    def name(self) -> str:
        return f"{self.table.rpartition('/')[2] or self.table} {self.key}".strip()

    def undone(self) -> Edit:
        return Edit(self.table, self.key, self.old)

    def but(self, **values: Any) -> Edit:
        assert self.new is not None
        return Edit(self.table, self.key, {**self.new, **values})


def mutants(
    before: Tables,
    after: Tables,
    rng: random.Random,
    *,
    most: int = 60,
    freedoms: Sequence[Freedom] = (),
    columns: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> list[Mutant]:
    """Wrong final states, all different from each other and from the right one, at most `most`: each kind of mistake has its turn before any
    has a second one. Tables in which nothing matters are left alone but for one edit. `columns`: of tables, so that a row can be put into an
    empty one. The same generator state gives the same mutants.
    """
    maker = _Maker(before, after, rng, freedoms, columns)
    queues: dict[str, list[Mutant]] = {}
    for mutant in maker.all():
        queues.setdefault(mutant.operator, []).append(mutant)
    for queue in queues.values():
        rng.shuffle(queue)
    found: dict[str, Mutant] = {}
    while len(found) < most and any(queues.values()):
        for operator in OPERATORS:
            if queues.get(operator) and len(found) < most:
                mutant = queues[operator].pop()
                mark = maker.mark(mutant)
                if mark and mark not in found:
                    found[mark] = mutant
    return list(found.values())


class _Maker:
    def __init__(
        self, before: Tables, after: Tables, rng: random.Random, freedoms: Sequence[Freedom], columns: Mapping[str, Sequence[str]]
    ) -> None:
        self.before, self.after, self.rng, self.layouts = before, after, rng, columns
        self.ignored = {table for table, rows in after.items() if is_ignored(table, {**before.get(table, {}), **rows}, freedoms)}
        self.touched = list(self._touched())
        self._columns: dict[tuple[str, str], Column] = {}

    def _touched(self) -> Iterator[_Touched]:
        for table, rows in self.after.items():
            if table in self.ignored:
                continue
            old = self.before.get(table, {})
            for key in [*old, *(key for key in rows if key not in old)]:
                if old.get(key) != rows.get(key):
                    yield _Touched(table, key, old.get(key), rows.get(key))

    def mark(self, mutant: Mutant) -> str:
        """Tells a mutant from others; empty when it is the right state after all."""
        changed = [edit for edit in mutant.edits if self.after[edit.table].get(edit.key) != edit.row]
        return repr(sorted((edit.table, str(edit.key), repr(edit.row)) for edit in changed)) if changed else ""

    def column(self, table: str, name: str) -> Column:
        if (table, name) not in self._columns:
            rows = {**self.before.get(table, {}), **self.after[table]}
            self._columns[table, name] = Column([row.get(name) for row in rows.values()])
        return self._columns[table, name]

    def all(self) -> Iterator[Mutant]:
        yield from self._undone()
        for touched in self.touched:
            yield from self._elsewhere(touched)
            yield from self._misplaced(touched)
            yield from self._wrong(touched)
        yield from self._exchanged()
        yield from self._besides()

    # --- not done, or not all of it ------------------------------------------------------------------------------------------------

    def _undone(self) -> Iterator[Mutant]:
        if not self.touched:
            return
        yield Mutant("nothing-done", "everything as it was", tuple(item.undone() for item in self.touched))
        for item in self.touched:
            if len(self.touched) > 1:
                others = tuple(other.undone() for other in self.touched if other is not item)
                yield Mutant("dropped", f"{item.name} left as it was", (item.undone(),))
                yield Mutant("only-one", f"only {item.name} changed", others)
            if item.old is not None and item.new is not None and len(item.columns) > 1:
                for name in item.columns:
                    yield Mutant("dropped", f"{name} of {item.name} left as it was", (item.but(**{name: item.old[name]}),))

    # --- done elsewhere ------------------------------------------------------------------------------------------------------------

    def _siblings(self, item: _Touched) -> list[Key]:
        """Rows that the job leaves alone, the likest first and one at random."""
        model = item.old or item.new
        assert model is not None
        mine = {other.key for other in self.touched if other.table == item.table}
        rows = {key: row for key, row in self.after[item.table].items() if key not in mine}
        if not rows:
            return []

        def unlike(key: Key) -> int:
            return -sum(rows[key].get(name) == value for name, value in model.items())

        first = min(rows, key=unlike)
        return list(dict.fromkeys([first, self.rng.choice(list(rows))]))

    def _elsewhere(self, item: _Touched) -> Iterator[Mutant]:
        for key in self._siblings(item):
            row = self.after[item.table][key]
            if item.new is None:
                yield Mutant("sibling", f"row {key} removed instead of {item.name}", (item.undone(), Edit(item.table, key, None)))
                yield Mutant("also-sibling", f"row {key} removed as well as {item.name}", (Edit(item.table, key, None),))
            elif item.old is not None:
                moved = Edit(item.table, key, {**row, **{name: item.new[name] for name in item.columns}})
                yield Mutant("sibling", f"done to row {key} instead of {item.name}", (item.undone(), moved))
                yield Mutant("also-sibling", f"done to row {key} as well as {item.name}", (moved,))
        if item.old is None and item.new is not None:
            yield Mutant("duplicated", f"{item.name} twice", (Edit(item.table, self._fresh(item.table), dict(item.new)),))

    def _fresh(self, table: str) -> Key:
        """A key that no row has or had."""
        keys = [*self.before.get(table, {}), *self.after[table]]
        numbers = [key for key in keys if isinstance(key, int)]
        return max(numbers, default=0) + 1 if len(numbers) == len(keys) else f"new {len(keys)}"

    # --- another value -------------------------------------------------------------------------------------------------------------

    def _misplaced(self, item: _Touched) -> Iterator[Mutant]:
        if item.new is None:
            return
        for name in item.columns:
            value = item.new[name]
            back = item.old[name] if item.old is not None else _blank(value)
            beside = [
                other
                for other, there in item.new.items()
                if other != name
                and there != value
                and (kind_of(there) == kind_of(value) or there in (None, ""))
                and not self.column(item.table, name).choice
                and not self.column(item.table, other).choice
            ]
            for other in self.rng.sample(beside, min(2, len(beside))):
                yield Mutant("wrong-column", f"{name} of {item.name} written into {other}", (item.but(**{name: back, other: value}),))

    def _wrong(self, item: _Touched) -> Iterator[Mutant]:
        if item.new is None:
            return
        for name in item.columns:
            for wrong in wrong_values(item.new[name], self.column(item.table, name), self.rng):
                yield Mutant(wrong.operator, f"{name} of {item.name}: {wrong.claim}", (item.but(**{name: wrong.value}),))

    def _exchanged(self) -> Iterator[Mutant]:
        filled = [item for item in self.touched if item.new is not None]
        for item in filled:
            assert item.new is not None
            for one, two in combinations(item.columns, 2):
                choice = self.column(item.table, one).choice or self.column(item.table, two).choice
                if kind_of(item.new[one]) == kind_of(item.new[two]) and not choice:
                    yield Mutant("swapped", f"{one} and {two} of {item.name}", (item.but(**{one: item.new[two], two: item.new[one]}),))
        for left, right in combinations(filled, 2):
            if left.table != right.table or left.new is None or right.new is None:
                continue
            for name in [name for name in left.columns if name in right.columns]:
                edits = (left.but(**{name: right.new[name]}), right.but(**{name: left.new[name]}))
                yield Mutant("swapped", f"{name} of {left.name} and of {right.name}", edits)

    # --- done, and something besides -----------------------------------------------------------------------------------------------

    def _besides(self) -> Iterator[Mutant]:
        tables = {item.table for item in self.touched}
        for table, rows in self.after.items():
            mine = [item.key for item in self.touched if item.table == table]
            idle = [key for key in rows if key not in mine]
            if table in self.ignored:
                yield from self._edits(table, rows, idle[:1], 1)
                continue
            yield from self._edits(table, rows, self.rng.sample(idle, min(3 if table in tables else 1, len(idle))), 2)
            if table in tables:
                yield from self._edits(table, rows, [key for key in mine if key in rows], 3)
            if not rows:
                yield from self._first(table)
                continue
            source = self.rng.choice(list(rows))
            yield Mutant("extra-row", f"a copy of {table} {source}", (Edit(table, self._fresh(table), dict(rows[source])),))
            if idle:
                gone = self.rng.choice(idle)
                yield Mutant("lost-row", f"{table} {gone} is gone", (Edit(table, gone, None),))
            if len(idle) > 1:
                half = self.rng.sample(idle, (len(idle) + 1) // 2)
                yield Mutant("half-lost", f"{len(half)} rows of {table} are gone", tuple(Edit(table, key, None) for key in half))

    def _first(self, table: str) -> Iterator[Mutant]:
        """A row in an empty table: what columns of the same name hold elsewhere, else the key of a row of the largest table."""
        names = self.layouts.get(table, ())
        if not names:
            return
        largest = max(self.after.values(), key=len)
        row: Row = {}
        for name in names:
            held = [other[name] for rows in self.after.values() for other in rows.values() if other.get(name) not in (None, "")]
            row[name] = self.rng.choice(held or list(largest) or [1])
        yield Mutant("first-row", f"a row in {table}, which was empty", (Edit(table, self._fresh(table), row),))

    def _edits(self, table: str, rows: Rows, keys: Sequence[Key], each: int) -> Iterator[Mutant]:
        """Changes of cells that the job leaves alone."""
        changed = {(item.table, item.key): set(item.columns) for item in self.touched}
        for key in keys:
            names = [name for name in rows[key] if name not in changed.get((table, key), set())]
            for name in self.rng.sample(names, min(each, len(names))):
                options = list(wrong_values(rows[key][name], self.column(table, name), self.rng))
                if options:
                    wrong = self.rng.choice(options)
                    edit = Edit(table, key, {**rows[key], name: wrong.value})
                    yield Mutant("extra-edit", f"{name} of {table} {key} as well: {wrong.claim}", (edit,))


def _blank(value: Any) -> Any:
    return "" if isinstance(value, str) else None
