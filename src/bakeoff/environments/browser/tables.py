"""A product's own data model: which tables and columns there are, and how a canonical value stands in them.

How a status is kept, whether an owner is a number, a name or a team and a place in it, whether an amount is cents or euros: all that follows
from the blueprint's dial `model`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bakeoff.core import EnvironmentFault
from bakeoff.environments.browser.blueprint import Blueprint
from bakeoff.environments.browser.schema import Entity, Field

Colleague = tuple[int, str, str, int]
"""A row of the table `users`: number, name, team, place in the team."""


def short(value: str) -> str:
    """A four-letter code of a canonical value, as older software would store it."""
    return value.replace("-", "")[:4].upper()


class Tables:
    """The tables of records of one product.

    Attributes:
        split: each sort of record has a table of its own.
        inline: notes are kept in a column of their record.
        statuses: the fields that hold a status.
        columns: of each field, by its name; none where a field lives in a table of its own.
        held: of each table, the fields it holds.
        known: a query for the ids of all records.
    """

    def __init__(self, blueprint: Blueprint) -> None:
        self.product, self.family, self.model = blueprint.id, blueprint.family, blueprint.model
        self.split = self.model["entities"] == "split" and len(self.family.entities) > 1
        self.inline = self.model["notes"] == "inline"
        self.statuses = tuple(entity.status for entity in self.family.entities)
        self.columns = {field.name: self._columns(field) for field in self.family.fields}
        self.held: dict[str, tuple[Field, ...]] = {"records": self.family.fields}
        if self.split:
            self.held = {
                self.of(entity): tuple(item for item in self.family.fields if item.name in entity.fields) for entity in self.family.entities
            }
        self.known = " UNION ALL ".join(f"SELECT id FROM {table}" for table in self.held)
        choices = [field for field in self.family.fields if field.kind == "choice"]
        self._codes = {field.name: {value: self._coded(field, value) for value in ("", *field.values)} for field in choices}
        # The first value of a code counts: codes of two values may coincide.
        self._meanings: dict[str, dict[Any, str]] = {name: {} for name in self._codes}
        for name, codes in self._codes.items():
            for value, code in codes.items():
                self._meanings[name].setdefault(code, value)

    def _columns(self, field: Field) -> tuple[str, ...]:
        model, name = self.model, field.name
        if field.kind == "name" and model["names"] == "split":
            return (f"{name}_first", f"{name}_last")
        if field.kind == "user" and model["user"] == "pair":
            return (f"{name}_team", f"{name}_seat")
        if field.kind == "date" and model["dates"] == "parts":
            return (f"{name}_year", f"{name}_month", f"{name}_day")
        if field.kind == "tags":
            if model["tags"] == "columns":
                return tuple(f"{name}_{value.replace('-', '_')}" for value in field.values)
            return (name,) if model["tags"] == "text" else ()
        if name in self.statuses and model["status"] == "history":
            return ()
        if field.kind == "entity" and self.split:
            return ()
        return (name,)

    def of(self, entity: Entity) -> str:
        """The table that a sort of record is kept in."""
        return f"{entity.name}_records" if self.split else "records"

    def definition(self) -> str:
        """The SQL that makes these tables."""
        numbers = "PRIMARY KEY" if self.split else "PRIMARY KEY AUTOINCREMENT"
        made = (
            f"CREATE TABLE {name} (id INTEGER {numbers}, {', '.join(column for field in fields for column in self.columns[field.name])});"
            for name, fields in self.held.items()
        )
        journals = (f"ALTER TABLE {name} ADD COLUMN journal TEXT NOT NULL DEFAULT '[]';" for name in self.held if self.inline)
        return "".join((*made, *journals))

    # --- one value ---------------------------------------------------------------------------------------------------------------

    def encode(self, field: Field, value: Any, colleagues: Mapping[str, Colleague]) -> tuple[Any, ...]:
        """The cells of a value, one for each column of the field. `colleagues`: by name."""
        model, columns = self.model, self.columns[field.name]
        if not columns:
            return ()
        if field.kind == "name":
            first, _, last = str(value).partition(" ")
            return {"split": (first, last), "reversed": (f"{last}, {first}" if last else first,)}.get(model["names"], (value,))
        if field.kind == "user" and model["user"] != "name":
            found = colleagues.get(value)
            if model["user"] == "id":
                return (None if found is None else found[0],)
            return (None, None) if found is None else found[2:]
        if field.kind == "date" and model["dates"] == "parts":
            return tuple(int(part) for part in value.split("-")) if value else (None, None, None)
        if field.kind == "money" and model["money"] == "units":
            return (value // 100 if value % 100 == 0 else value / 100,)
        if field.kind == "money" and model["money"] == "decimal":
            return (f"{value / 100:.2f}",)
        if field.kind == "tags":
            return tuple(int(item in value) for item in field.values) if model["tags"] == "columns" else (", ".join(sorted(value)),)
        if field.kind == "choice":
            return (self.code(field, value),)
        return (int(value),) if field.kind == "flag" else (value,)

    def decode(self, field: Field, cells: tuple[Any, ...], names: Mapping[tuple[Any, ...], str], blank: bool = False) -> Any:
        """The canonical value of a field's cells. `names`: of colleagues, by their number and by team and place. Raises as `meaning` does."""
        model = self.model
        if field.kind == "name":
            if model["names"] == "split":
                return " ".join(part for part in cells if part)
            return " ".join(reversed(cells[0].split(", ", 1))) if model["names"] == "reversed" else cells[0]
        if field.kind == "user":
            return cells[0] if model["user"] == "name" else names.get(cells, "")
        if field.kind == "date":
            if model["dates"] == "parts":
                return "{:04d}-{:02d}-{:02d}".format(*cells) if cells[0] else ""
            return cells[0]
        if field.kind == "money":
            return cells[0] if model["money"] == "cents" else round(float(cells[0]) * 100)
        if field.kind == "tags":
            if model["tags"] == "columns":
                return tuple(sorted(value for value, cell in zip(field.values, cells, strict=True) if cell))
            return tuple(sorted(part for part in cells[0].split(", ") if part))
        if field.kind == "choice":
            return self.meaning(field, cells[0], blank)
        return bool(cells[0]) if field.kind == "flag" else cells[0]

    def _coded(self, field: Field, value: str) -> Any:
        if self.model["choices"] == "ordinal":
            return field.values.index(value) + 1 if value else 0
        return short(value) if self.model["choices"] == "code" else value

    def code(self, field: Field, value: str) -> Any:
        """How a choice is kept."""
        codes = self._codes[field.name]
        return codes[value] if value in codes else self._coded(field, value)

    def meaning(self, field: Field, cell: Any, blank: bool = False) -> str:
        """The choice that a cell says. Raises `EnvironmentFault` when this product cannot have written it."""
        try:
            value = self._meanings[field.name].get(cell)
        except TypeError:  # what cannot be looked up was never written
            value = None
        if value is None or not (value or field.blank or blank):
            raise EnvironmentFault(
                f"the database holds {cell!r} as {field.name}, which {self.product} cannot have written", retryable=False
            )
        return value
