"""The product's business logic: what may be done, what is asked for, when it takes effect. The only writer of a session's database.

Pages and forged requests alike come through here; the server adds the session and the CSRF check, nothing else.
"""

from __future__ import annotations

import secrets
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from bakeoff.environments.browser import forms
from bakeoff.environments.browser.blueprint import Blueprint
from bakeoff.environments.browser.forms import Invalid
from bakeoff.environments.browser.schema import TODAY, Entity, Family, Objection, Operation, Record, blank_record, changes, objection
from bakeoff.environments.browser.store import Store

Form = Mapping[str, Sequence[str]]


@dataclass(slots=True)
class Reading:
    """What a submitted form amounts to: the operation meant, its canonical values, and what is wrong, by field name ("" for the whole)."""

    operation: Operation
    values: dict[str, Any] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)


def likely_twins(family: Family, records: Mapping[int, Record], key: int) -> list[int]:
    """Records that may be the same as this one: those that share its title or subtitle, then others of its sort, ten in all."""
    entity = family.entity_of(records[key])

    def likeness(other: int) -> tuple[int, int]:
        return -sum(records[other][name] == records[key][name] for name in (entity.title, entity.title, entity.subtitle)), other

    return sorted((other for other in records if other != key and family.entity_of(records[other]) is entity), key=likeness)[:10]


class Office:
    """One episode's copy of a product, as its signed-in worker may use it.

    Attributes:
        token: the session cookie's value.
        csrf: what every form must carry.
        ticket: opens the session once, then is spent.
        flash: messages for the next page, as (kind, text), kind `status` or `alert`.
        guard: held while a request is served or the state is read.
        requests: requests served so far.
        refused: requests turned away (no session, bad CSRF token, unknown address).
        partial: the request at hand comes from the page's own script, which swaps the body and needs no more than that.
        claimed: the worker said that its job is done, where a loophole was planted.
        fault: the trace of a bug of ours that a request ran into; empty otherwise. Such an episode cannot be judged.
    """

    def __init__(self, blueprint: Blueprint, connection: sqlite3.Connection) -> None:
        self.blueprint, self.connection = blueprint, connection
        self.store = Store(blueprint, connection)
        self.users = self.store.users()
        self.worker = "Robin Vance"
        self.token, self.csrf, self.ticket = secrets.token_urlsafe(18), secrets.token_urlsafe(12), secrets.token_urlsafe(18)
        self.flash: list[tuple[str, str]] = []
        self.guard = threading.Lock()
        self.requests = self.refused = 0
        self.fault = ""
        self.partial = False
        self.claimed = False

    # --- looking things up --------------------------------------------------------------------------------------------------------

    def say(self, text: str, kind: str = "status") -> None:
        self.flash.append((kind, text))

    def tell(self, key: str, **slots: object) -> None:
        """Says one of `wording.TEXTS` on the next page."""
        self.say(self.blueprint.say(key, **slots))

    def warn(self, key: str, **slots: object) -> None:
        """The same as a warning."""
        self.say(self.blueprint.say(key, **slots), "alert")

    def title(self, record: Record) -> str:
        name = self.blueprint.family.entity_of(record).title
        return forms.shown(self.blueprint, name, record[name], self.users)

    def caption(self, key: int) -> str:
        """A record in one line, enough to tell it from its twin."""
        record = self.store.records()[key]
        entity = self.blueprint.family.entity_of(record)
        subtitle = forms.shown(self.blueprint, entity.subtitle, record[entity.subtitle], self.users)
        return f"{self.blueprint.code(key)} {self.title(record)}, {subtitle}, {record[entity.contact]}"

    def effective(self, key: int | None, entity: Entity | None = None) -> Record:
        """A record as it will be once the worker's waiting changes take effect: what its forms start from; a new one where there is none."""
        if key is None:
            return blank_record(self.blueprint.family, entity)
        record = dict(self.store.records()[key])
        for _, target, action, values, author in self.store.waiting():
            if target == key and author == "worker" and self.blueprint.family.operation(action).kind in ("edit", "verb"):
                record |= {**self.blueprint.family.operation(action).sets, **values}
        return record

    def search(self, entity: Entity, words: str, status: str) -> list[int]:
        """Ids of an entity's records that contain every word in title, subtitle, contact or number and have the status, in this product's order."""
        family, store = self.blueprint.family, self.store
        tokens = words.lower().replace(",", " ").split()
        found = []
        for key, record in store.records().items():
            if family.entity_of(record) is not entity or (status and record[entity.status] != status):
                continue
            text = f"{record[entity.title]} {record[entity.subtitle]} {record[entity.contact]} {self.blueprint.code(key)}".lower()
            if all(token in text for token in tokens):
                found.append(key)
        order = self.blueprint.workflow["sort"]
        if order == "newest":
            found.reverse()
        elif order in ("title", "subtitle"):
            name = entity.title if order == "title" else entity.subtitle
            found.sort(key=lambda key: (forms.shown(self.blueprint, name, store.records()[key][name], self.users).lower(), key))
        return found

    def merge_candidates(self, key: int) -> list[int]:
        """Records that may be the same as this one, as `likely_twins` finds them."""
        return likely_twins(self.blueprint.family, self.store.records(), key)

    # --- reading forms ----------------------------------------------------------------------------------------------------------

    def read(self, action: str, keys: Sequence[int], form: Form, names: Sequence[str], last: bool = True) -> Reading:
        """Reads the named fields of a form. On the last step the whole is checked as well."""
        blueprint, family = self.blueprint, self.blueprint.family
        values: dict[str, Any] = {}
        problems: dict[str, str] = {}
        for name in names:
            try:
                values[name] = forms.read(blueprint, name, form, self.users)
            except Invalid as wrong:
                problems[name] = blueprint.say(wrong.key, **wrong.slots)
        if action.startswith("status-form"):
            reading = self._read_status(action, values, problems, last)
        else:
            operation = family.operation(action)
            if operation.kind in ("edit", "create"):
                blank = blank_record(family, family.entity(operation.entity))
                values = {name: value if value or not isinstance(value, str) else blank[name] for name, value in values.items()}
            reading = Reading(operation, values, problems)
            required = [name for name in operation.required if name in names]
            for name in required:
                if name in values and not values[name] and name not in problems:
                    reading.problems[name] = blueprint.say("required", label=forms.label(blueprint, name))
        current = self.effective(keys[0]) if len(keys) == 1 else None
        for name, value in reading.values.items():
            item = family.field(name)
            if item.future and value and date.fromisoformat(value) < TODAY and (current is None or current[name] != value):
                reading.problems[name] = blueprint.say("past", label=forms.label(blueprint, name))
            if name == "email" and value and "@" not in value:
                reading.problems[name] = blueprint.say("needs-at", label=forms.label(blueprint, name))
        if last and blueprint.justifies and blueprint.is_edit(action) and not form.get("j", ("",))[0].strip():
            reading.problems["justify"] = blueprint.say("required", label=blueprint.word("ui.justify"))
        if last:
            self.check(keys, reading)
        return reading

    def read_one(self, operation: Operation, key: int, name: str, entered: str) -> Reading:
        """Reads one field that stands by itself in a row of a list. Problems are under the field's name."""
        reading = Reading(operation)
        part = forms.parts(self.blueprint, name, self.users)[0]
        try:
            reading.values[name] = forms.read(self.blueprint, name, {part.key: (entered,)}, self.users)
        except Invalid as wrong:
            reading.problems[name] = self.blueprint.say(wrong.key, **wrong.slots)
        if not reading.problems and name in operation.required and not reading.values[name]:
            reading.problems[name] = self.blueprint.say("required", label=forms.label(self.blueprint, name))
        if name == "email" and entered and "@" not in entered:
            reading.problems[name] = self.blueprint.say("needs-at", label=forms.label(self.blueprint, name))
        against = None if reading.problems else objection(self.store.records(), operation, key, reading.values)
        if against is not None:
            reading.problems[name] = self._worded(against)
        return reading

    def _read_status(self, action: str, values: dict[str, Any], problems: dict[str, str], last: bool) -> Reading:
        blueprint, entity = self.blueprint, self.blueprint.form_entity(action)
        status = entity.status
        wanted = values.pop(status, None)
        verbs = blueprint.status_verbs(entity)
        operation = next((item for item in verbs if item.sets[status] == wanted), verbs[0])
        reading = Reading(operation, values, problems)
        if not last:
            return reading
        if wanted is not None and operation.sets[status] != wanted:
            problems[status] = blueprint.say("not-by-hand", value=forms.value_word(blueprint, blueprint.family.field(status), wanted))
            return reading
        for name in [name for name in values if name not in operation.fields]:
            if values.pop(name):
                word = forms.value_word(blueprint, blueprint.family.field(status), operation.sets[status])
                problems[name] = blueprint.say("leave-empty", value=word)
        for name in operation.required:
            if name in values and not values[name]:
                problems[name] = blueprint.say("required", label=forms.label(blueprint, name))
        return reading

    def check(self, keys: Sequence[int], reading: Reading) -> None:
        """Rules on the whole: the status must allow the operation, and so must the rule of the business, if it has one."""
        operation, family = reading.operation, self.blueprint.family
        status = family.entity(operation.entity).status
        for key in keys:
            now = self.effective(key)[status]
            if operation.when and now not in operation.when:
                word = forms.value_word(self.blueprint, family.field(status), now)
                reading.problems[""] = self.blueprint.say("is-so", label=forms.label(self.blueprint, status), value=word)
        asked = {*operation.required, *operation.fields} & set(reading.problems)
        targets: Sequence[int | None] = keys or (None,)
        for target in () if asked or not self._entered(operation, reading) else targets:
            records = self.store.records() if target is None else {**self.store.records(), target: self.effective(target)}
            against = objection(records, operation, target, reading.values)
            if against is not None:
                reading.problems[against.field if against.field in reading.values else ""] = self._worded(against)

    def _entered(self, operation: Operation, reading: Reading) -> bool:
        """Whether the operation's form has been filled in; before that only its status can be judged."""
        return all(name in reading.values for name in operation.required)

    def _worded(self, against: Objection) -> str:
        """An objection in this product's words."""
        name = against.of or against.field
        return self.blueprint.say(
            against.text, label=forms.label(self.blueprint, name), value=forms.shown(self.blueprint, name, against.value, self.users)
        )

    def barred(self, key: int) -> str:
        """Why the worker may not touch this record now; empty when it may."""
        if self.blueprint.workflow["lock"] and not self.store.locked(key):
            noun = self.blueprint.noun(self.blueprint.family.entity_of(self.store.records()[key])).lower()
            return self.blueprint.say("locked", noun=noun, word=self.blueprint.word("ui.lock"))
        return ""

    # --- doing ---------------------------------------------------------------------------------------------------------------------

    def perform(self, action: str, operation: Operation, keys: Sequence[int], values: Mapping[str, Any]) -> None:
        """Carries out a checked operation, or lets it wait where the product works that way; says what happened."""
        word = self.blueprint.word("ui.status-form" if action.startswith("status-form") else f"op.{operation.name}")
        entity = self.blueprint.family.entity(operation.entity)
        targets: list[int | None] = list(keys) or [None]
        for key in targets:
            content = dict(values)
            if key is not None and operation.kind == "edit":
                now = self.effective(key)
                content = {name: value for name, value in content.items() if now[name] != value}
                if not content:
                    self.tell("unchanged")
                    continue
            name = self.title(self.store.records()[key] if key is not None else {**blank_record(self.blueprint.family, entity), **content})
            if self.blueprint.deferred(operation.name):
                if self.blueprint.workflow["edit"] == "autosave" and operation.kind == "edit":
                    content = self._collected(key, operation, content)
                self.store.wait(key, operation.name, content)
                how = {"draft": "kept", "outbox": "placed", "approval": "asked"}[self.blueprint.workflow["commit"]]
                self.tell(how, word=word, name=name, place=self.blueprint.word(self.blueprint.waiting_terms[0]))
            elif against := objection(self.store.records(), operation, key, content):  # what was done to others a moment ago may forbid it
                self.say(self.blueprint.say("about", name=name, text=self._worded(against)), "alert")
            else:
                self.execute(operation, key, content)
                self.tell("done", word=word, name=name)
        self.connection.commit()

    def _collected(self, key: int | None, operation: Operation, content: dict[str, Any]) -> dict[str, Any]:
        """Fields saved one by one wait as one change: takes those that wait already and returns them with the new ones."""
        for number, target, action, values, author in self.store.waiting():
            if (target, action, author) == (key, operation.name, "worker"):
                self.store.unwait(number)
                return {**values, **content}
        return content

    def execute(self, operation: Operation, key: int | None, values: Mapping[str, Any]) -> None:
        """Puts an operation into effect."""
        store, family = self.store, self.blueprint.family
        if operation.kind == "create":
            key = store.insert({**blank_record(family, family.entity(operation.entity)), **operation.sets, **values})
            if self.blueprint.workflow["lock"]:
                store.lock(key)
        elif key is None or key not in store.records():
            self.warn("record-gone")
            return
        elif operation.kind in ("edit", "verb"):
            for other, fields in changes(family, store.records(), operation, key, values).items():
                store.update(other, fields)
        elif operation.kind == "note":
            store.add_note(key, values["note_kind"], values["note_text"])
        elif operation.kind == "delete":
            store.delete(key)
        elif operation.kind == "merge":
            if values["into"] not in store.records() or values["into"] == key:
                self.warn("record-gone")
                return
            store.move_notes(key, values["into"])
            store.delete(key)
        store.log(key, operation.name, self.describe(values))

    def describe(self, values: Mapping[str, Any]) -> str:
        """Values as this product words them, e.g. `Owner: Tom Baker; Rating: Hot`."""
        said = []
        for name, value in values.items():
            if name == "into":
                said.append(f"{self.blueprint.word('ui.keep')}: {self.blueprint.code(value)}")
            else:
                said.append(f"{forms.label(self.blueprint, name)}: {forms.shown(self.blueprint, name, value, self.users)}")
        return "; ".join(said)

    def release(self, number: int) -> bool:
        """Puts a waiting change into effect. False when there is no such change."""
        found = next((item for item in self.store.waiting() if item[0] == number), None)
        if found is None:
            return False
        _, key, action, values, _ = found
        operation = self.blueprint.family.operation(action)
        self.store.unwait(number)
        reading = Reading(operation, values)
        if key is not None and key in self.store.records():
            now = self.store.records()[key][self.blueprint.family.entity(operation.entity).status]
            if operation.when and now not in operation.when:
                reading.problems[""] = self.blueprint.say("gone-by")
        against = objection(self.store.records(), operation, key, values)
        if against is not None and not reading.problems:
            reading.problems[""] = f"{self._worded(against)}. {self.blueprint.say('gone-by')}"
        if reading.problems:
            self.say(reading.problems[""], "alert")
        else:
            self.execute(operation, key, values)
            self.tell("in-effect", word=self.blueprint.word(f"op.{action}"))
        self.connection.commit()
        return True

    def drop(self, number: int) -> bool:
        """Throws a waiting change away. False when there is no such change."""
        if not any(item[0] == number for item in self.store.waiting()):
            return False
        self.store.unwait(number)
        self.connection.commit()
        self.tell("dropped")
        return True
