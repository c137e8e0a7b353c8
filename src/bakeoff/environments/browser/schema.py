"""What a job family is made of: fields, operations and their effects. Canonical throughout; no product's words, widgets or tables.

The hidden job core lives here. `apply` is the reference model: it says what the records must look like after an operation was carried out
properly. The verdict compares what a product's database holds with what `apply` predicts, and mutants are checked against it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Literal

FieldKind = Literal["text", "long", "name", "choice", "user", "date", "money", "number", "tags", "flag", "entity"]
OperationKind = Literal["edit", "verb", "note", "create", "delete", "merge"]

TODAY = date(2026, 3, 16)
"""The day it always is inside a product; no page and no rule reads the clock."""


@dataclass(frozen=True, slots=True)
class Field:
    """One canonical field of a record, or of an operation's form.

    Attributes:
        name: canonical name; never shown.
        kind: `name` is a person's name, `user` the name of a colleague, `money` whole cents, `number` a count from 0 on, `date` an ISO day
            or "", `tags` a sorted tuple, `entity` what sort of record it is (never shown or asked for).
        said: how instructions call it.
        values: what a `choice` or `tags` field may hold, canonical; instructions say `spoken` of it.
        blank: a `choice` may also be empty.
        future: a date may not lie before `TODAY`.
        most: the largest `number` allowed; where it is at most 40 a product may ask for it with a slider.
    """

    name: str
    kind: FieldKind
    said: str
    values: tuple[str, ...] = ()
    blank: bool = False
    future: bool = False
    most: int = 99_999

    @property
    def empty(self) -> Any:
        """The value of a field that nobody filled in."""
        return {"tags": (), "flag": False, "money": 0, "number": 0}.get(self.kind, "")


Record = dict[str, Any]
Note = tuple[str, str]
Effect = Callable[[Mapping[int, Record], int, Mapping[str, Any]], Mapping[int, Mapping[str, Any]]]
"""What else an operation changes: (records, id of its record, what its form held) -> fields by record id."""


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a business rule forbids an operation.

    Attributes:
        field: the field of the form that is at fault; empty for the operation as a whole.
        text: key of the message, see `wording.TEXTS`.
        of: the field whose label and value the message names; `field` where empty.
        value: the value that it names, canonical.
    """

    field: str
    text: str
    value: Any
    of: str = ""


Rule = Callable[[Mapping[int, Record], int | None, Mapping[str, Any]], Objection | None]
"""A business rule on the whole: (records, id of the record or None for a new one, what the record's form holds) -> what speaks against it."""


@dataclass(frozen=True, slots=True)
class Operation:
    """Something the job can do to a record.

    Attributes:
        name: canonical name; never shown.
        kind: how it takes effect, see `apply`.
        fields: what its form asks for.
        required: fields that may not be empty.
        sets: fixed effects on the record.
        when: statuses in which it is possible; empty for all.
        bulk: may be done to several records at once where a product offers that.
        foldable: a product may put its fields into the general edit form and drop it as an action of its own.
        entity: which sort of record it is done to; empty for the family's first.
        effect: what it changes besides `fields` and `sets`, perhaps in other records.
        rule: what may forbid it besides the status.
    """

    name: str
    kind: OperationKind
    fields: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    sets: Mapping[str, Any] = field(default_factory=dict)
    when: tuple[str, ...] = ()
    bulk: bool = False
    foldable: bool = False
    entity: str = ""
    effect: Effect | None = None
    rule: Rule | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """One operation carried out: the atom of goals, of experts' plans and of mutants.

    `records` are ids; empty for `create`. A merge's `values` hold `into`, the id of the record that stays.
    """

    operation: str
    records: tuple[int, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)

    def but(self, **values: Any) -> Act:
        """The same act with other values."""
        return replace(self, values={**self.values, **values})


@dataclass(slots=True)
class State:
    """All that a product's database says, canonical.

    Attributes:
        records: by id.
        notes: of each record, as (kind, text), oldest first.
        waiting: changes that were entered but not put into effect (drafts, outbox), as (record id or None, operation, values as JSON).
        users: colleagues, as (name, team).
        extras: anything else found, which a job must never change.
    """

    records: dict[int, Record]
    notes: dict[int, list[Note]]
    waiting: list[tuple[int | None, str, str]] = field(default_factory=list)
    users: tuple[tuple[str, str], ...] = ()
    extras: tuple[str, ...] = ()

    def copy(self) -> State:
        return State(
            {key: dict(record) for key, record in self.records.items()},
            {key: list(notes) for key, notes in self.notes.items()},
            list(self.waiting),
            self.users,
            self.extras,
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What a job wants to be told at the end, through `finish`.

    Attributes:
        kind: how answers are read, see `answers.same`: `text`, `name`, `number`, `money` (whole cents), `date` (ISO day) or `list` (a tuple of
            texts without commas, in any order).
        value: the right one.
        wrong: wrong ones that a careless worker might give, for mutants.
    """

    kind: Literal["text", "name", "number", "money", "date", "list"]
    value: Any
    wrong: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Job:
    """What a template writes for one seed.

    Attributes:
        instruction: what the worker is told.
        acts: what fulfils it; empty where only an answer is wanted.
        answer: what the worker must say at the end, if anything.
        sources: records that one has to read to know what to do, in a sensible order.
        tempting: what a careless worker does where the job is to change nothing.
    """

    instruction: str
    acts: tuple[Act, ...]
    answer: Answer | None = None
    sources: tuple[int, ...] = ()
    tempting: tuple[Act, ...] = ()


Template = Callable[[random.Random, State], Job]


@dataclass(frozen=True, slots=True)
class Entity:
    """One sort of record.

    Attributes:
        name: canonical; never shown.
        noun: what instructions call one.
        fields: names of its fields, the title first and the subtitle second; the pair (title, subtitle) names a record to a person.
        status: name of its status field, a `choice`; new records hold its first value.
        columns: fields a list may show besides the title.
        contact: a text field that tells two records of the same title and subtitle apart.
    """

    name: str
    noun: str
    fields: tuple[str, ...]
    status: str
    columns: tuple[str, ...]
    contact: str

    @property
    def title(self) -> str:
        return self.fields[0]

    @property
    def subtitle(self) -> str:
        return self.fields[1]


@dataclass(frozen=True, slots=True)
class Family:
    """A job family: declarative, so that the generator needs to know nothing of customers or tickets.

    Attributes:
        name: e.g. `crm`; first part of its products' ids.
        entities: its sorts of records, the one that products open with first. Where there are several, records say which they are in a field
            called `entity`.
        fields: of all records.
        form_fields: asked for by operations but not part of a record (a note's kind and text, an amount to be added).
        operations: in the order a page shows them. Each entity has one of kind `edit`; at most one of kind `create`, `note`, `delete`, `merge`.
        populate: writes the records and notes of a fresh database: (generator, users) -> State.
        templates: task templates by name, in order.
    """

    name: str
    entities: tuple[Entity, ...]
    fields: tuple[Field, ...]
    form_fields: tuple[Field, ...]
    operations: tuple[Operation, ...]
    populate: Callable[[random.Random, tuple[tuple[str, str], ...]], State]
    templates: Mapping[str, Template]

    @property
    def noun(self) -> str:
        """What instructions call a record of the first entity."""
        return self.entities[0].noun

    def field(self, name: str) -> Field:
        for item in self.fields:  # asked thousands of times a page
            if item.name == name:
                return item
        return next(item for item in self.form_fields if item.name == name)

    def operation(self, name: str) -> Operation:
        return next(item for item in self.operations if item.name == name)

    def entity(self, name: str) -> Entity:
        """The entity of this name; the first one for an empty name."""
        return next(item for item in self.entities if name in ("", item.name))

    def entity_of(self, record: Mapping[str, Any]) -> Entity:
        """What sort of record this is."""
        return self.entity(record.get("entity", ""))

    def of(self, entity: Entity) -> tuple[Operation, ...]:
        """The operations on records of this entity, in order."""
        return tuple(item for item in self.operations if self.entity(item.entity) is entity)

    def find(self, kind: OperationKind, entity: Entity) -> Operation | None:
        """The first operation of a kind on an entity's records, e.g. the one that deletes them."""
        return next((item for item in self.of(entity) if item.kind == kind), None)

    def editing(self, entity: Entity) -> Operation:
        """The operation that edits an entity's records."""
        found = self.find("edit", entity)
        assert found is not None, f"{self.name} has no edit operation for {entity.name}"
        return found


def blank_record(family: Family, entity: Entity | None = None) -> Record:
    """A record of an entity (the first one by default) in which only the status and choices that cannot be empty are set."""
    mine = entity or family.entities[0]
    record = {item.name: item.empty for item in family.fields}
    for item in family.fields:
        if item.kind == "choice" and item.name in mine.fields and (not item.blank or item.name == mine.status):
            record[item.name] = item.values[0]
        elif item.kind == "entity":
            record[item.name] = mine.name
    return record


def changes(
    family: Family, records: Mapping[int, Record], operation: Operation, key: int, values: Mapping[str, Any]
) -> dict[int, dict[str, Any]]:
    """What an `edit` or `verb` writes, as fields by record id. The one rule for products and reference model alike."""
    own = {item.name for item in family.fields}
    found = {key: {name: value for name, value in {**operation.sets, **values}.items() if name in own}}
    if operation.effect is not None:
        for other, fields in operation.effect(records, key, values).items():
            found.setdefault(other, {}).update(fields)
    return found


def objection(records: Mapping[int, Record], operation: Operation, key: int | None, values: Mapping[str, Any]) -> Objection | None:
    """What the operation's rule has against it, if anything. Fields that the form leaves alone count as they are."""
    if operation.rule is None:
        return None
    now = records.get(key, {}) if key is not None else {}
    held = {name: now[name] for name in operation.fields if name in now}
    return operation.rule(records, key, {**held, **values})


def apply(family: Family, state: State, act: Act) -> State:
    """The state after an act, by the reference model; the given state is left alone. A new record gets the next id."""
    after = state.copy()
    operation = family.operation(act.operation)
    if operation.kind == "create":
        key = max(after.records, default=0) + 1
        after.records[key] = {**blank_record(family, family.entity(operation.entity)), **operation.sets, **act.values}
        after.notes[key] = []
    for key in act.records:
        if operation.kind in ("edit", "verb"):
            for other, fields in changes(family, after.records, operation, key, act.values).items():
                after.records[other].update(fields)
        elif operation.kind == "note":
            after.notes.setdefault(key, []).append((act.values["note_kind"], act.values["note_text"]))
        elif operation.kind == "delete":
            del after.records[key]
            after.notes.pop(key, None)
        elif operation.kind == "merge":
            after.notes.setdefault(act.values["into"], []).extend(after.notes.pop(key, []))
            del after.records[key]
        if key not in after.records:
            after.waiting = [item for item in after.waiting if item[0] != key]
    return after


def apply_all(family: Family, state: State, acts: tuple[Act, ...]) -> State:
    """The state after all acts, in order."""
    for act in acts:
        state = apply(family, state, act)
    return state
