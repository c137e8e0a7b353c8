"""A blueprint: everything that makes one product differ from another, drawn along five dimensions, each with a training and a held-out pool.

A training product draws every dimension from the training pools. An unseen product at distance d has a training product as its base; it
redraws the dimensions up to and including d from the held-out pools and keeps the base's others. So a product at distance `skin` is a
training product in clothes no training product wears, and one at `data-model` shares nothing with its base but the job.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bakeoff.core import DISTANCES, Distance
from bakeoff.environments.browser.dials import DATE_FORMATS, DIALS
from bakeoff.environments.browser.schema import Entity, Family, Operation
from bakeoff.environments.browser.seeds import generator
from bakeoff.environments.browser.vocabulary import pools
from bakeoff.environments.browser.wording import TEXTS

NONSENSE = "-nonsense"
LOOPHOLE = "-loophole"
"""Ends the id of a variant whose labels mean nothing."""

DIMENSIONS: tuple[Distance, ...] = DISTANCES[1:]


@dataclass(frozen=True, slots=True)
class Blueprint:
    """One product, drawn. All parts are plain values; equal blueprints behave equally.

    Attributes:
        id, version, distance: as in `bakeoff.core.Product`.
        family: the job family.
        title: what the product calls itself.
        base: id of the training product it was derived from; empty for training products.
        skin, widgets, workflow, model: drawn features, see the pools of this module. `skin` also holds the orders of fields and columns.
        words: shown word of each term of the vocabulary.
    """

    id: str
    version: int
    family: Family
    distance: Distance
    title: str
    base: str
    skin: Mapping[str, Any]
    words: Mapping[str, str]
    widgets: Mapping[str, str]
    workflow: Mapping[str, Any]
    model: Mapping[str, str]

    @property
    def origin(self) -> str:
        """The id of the product whose data, jobs and order of fields it has: its own, or the one that it is a variant of."""
        return self.id.removesuffix(NONSENSE).removesuffix(LOOPHOLE)

    @property
    def loophole(self) -> bool:
        """Whether a loophole was planted, see `loophole.py`."""
        return self.id.endswith(LOOPHOLE)

    def word(self, term: str) -> str:
        return self.words[term]

    def say(self, key: str, **slots: object) -> str:
        """One of `wording.TEXTS` as this product writes it."""
        text = self.words.get(f"fixed.{key}") or TEXTS[key]
        return text.format(**slots) if slots else text

    def month(self, number: int) -> str:
        """What the product calls a month, 1 to 12."""
        return self.say(f"month-{number}")

    def __hash__(self) -> int:
        return hash((self.id, self.version))

    # --- words -----------------------------------------------------------------------------------------------------------------

    def noun(self, entity: Entity) -> str:
        """What the product calls one record of this sort, e.g. `Lead`."""
        return self.words["entity" if entity is self.family.entities[0] else f"entity.{entity.name}"]

    def nouns(self, entity: Entity) -> str:
        """What the product calls several records of this sort, e.g. `Leads`."""
        return self.words["entities" if entity is self.family.entities[0] else f"entities.{entity.name}"]

    # --- what follows from the features --------------------------------------------------------------------------------------

    @property
    def folded(self) -> tuple[str, ...]:
        """Operations that are no action of their own here: their fields sit in the edit form."""
        names = [item.name for item in self.family.operations if item.foldable]
        return {"none": (), "some": tuple(names[::2]), "all": tuple(names)}[self.workflow["fold"]]

    def status_verbs(self, entity: Entity) -> tuple[Operation, ...]:
        """Operations that move the status of a record."""
        return tuple(item for item in self.family.of(entity) if entity.status in item.sets and item.kind == "verb")

    def moves(self, entity: Entity) -> tuple[str, ...]:
        """Operations done by moving a record's card on a board, by hand or from the card's menu; empty where there is no board."""
        return tuple(item.name for item in self.status_verbs(entity)) if self.widgets["status"] == "board" else ()

    def status_form(self, entity: Entity) -> str:
        """The name of the action that replaces all status verbs of an entity; empty where each verb is an action of its own."""
        if self.widgets["status"] != "form" or not self.status_verbs(entity):
            return ""
        return "status-form" if entity is self.family.entities[0] else f"status-form.{entity.name}"

    def form_entity(self, action: str) -> Entity:
        """Whose records an action is about."""
        if action.startswith("status-form"):
            return self.family.entity(action.partition(".")[2])
        return self.family.entity(self.family.operation(action).entity)

    @property
    def edits_in_place(self) -> bool:
        """True where a record's page holds its edit form, so that no action leads to one."""
        return self.workflow["edit"] in ("inline", "autosave")

    def actions_of(self, entity: Entity) -> tuple[str, ...]:
        """What a record's page offers, in order: operations, and one form for the status where that replaces all status verbs."""
        form = self.status_form(entity)
        verbs = {item.name for item in self.status_verbs(entity)} if form else set()
        hidden = {*verbs, *self.folded, *self.moves(entity)}
        kinds = {"create", *(("edit",) if self.edits_in_place else ()), *(("merge",) if self.workflow["merge"] == "bulk" else ())}
        names = [item.name for item in self.family.of(entity) if item.name not in hidden and item.kind not in kinds]
        if form:
            names.insert(1, form)
        rotation = self.skin["order"] % max(1, len(names))
        return tuple(names[rotation:] + names[:rotation])

    def row_actions_of(self, entity: Entity) -> tuple[str, ...]:
        """What the menu of a record's row or card offers."""
        return (*self.moves(entity), *(self.actions_of(entity) if self.workflow["actions"] == "rows" else ()))

    def bulk_actions_of(self, entity: Entity) -> tuple[str, ...]:
        """What can be done to ticked rows of an entity's list; empty where rows cannot be ticked."""
        names = [item.name for item in self.family.of(entity) if item.bulk] if self.workflow["bulk"] else []
        merge = self.family.find("merge", entity)
        return (*names, merge.name) if merge is not None and self.workflow["merge"] == "bulk" else tuple(names)

    @property
    def actions(self) -> tuple[str, ...]:
        """What the pages of all records offer, and what boards do."""
        return tuple(name for entity in self.family.entities for name in (*self.actions_of(entity), *self.moves(entity)))

    @property
    def bulk_actions(self) -> tuple[str, ...]:
        """What can be done to ticked rows of any list."""
        return tuple(name for entity in self.family.entities for name in self.bulk_actions_of(entity))

    def form_fields(self, action: str) -> tuple[str, ...]:
        """Canonical fields that the form of an action asks for, in this product's order."""
        family = self.family
        if action.startswith("status-form"):
            entity = self.form_entity(action)
            return (entity.status, *dict.fromkeys(name for item in self.status_verbs(entity) for name in item.fields))
        operation = family.operation(action)
        names = list(operation.fields)
        if operation.kind == "edit":
            entity = family.entity(operation.entity)
            names += [name for item in family.of(entity) if item.name in self.folded for name in item.fields]
            parts = (
                ("field order", self.origin, self.skin["order"])
                if entity is family.entities[0]
                else ("field order", self.origin, action, self.skin["order"])
            )
            generator(*parts).shuffle(names)
        return tuple(names)

    def deferred(self, operation: str) -> bool:
        """True when the action waits as a draft, in the outbox or for approval instead of taking effect at once."""
        kind = self.family.operation(operation).kind
        if self.workflow["commit"] == "draft":
            return kind in ("edit", "verb", "create")
        if self.workflow["commit"] == "approval":
            return kind != "note"
        return bool(self.workflow["commit"] == "outbox")

    def confirmed(self, operation: str) -> bool:
        """True when the product asks back before it carries out the action."""
        kind = self.family.operation(operation).kind
        if kind in ("delete", "merge"):
            return True
        if kind == "edit" and self.workflow["edit"] == "autosave":
            return False
        every = kind in ("verb", "edit", "create")
        return {"none": False, "verbs": kind == "verb", "all": every, "typed": every}[self.workflow["confirm"]]

    @property
    def waiting_terms(self) -> tuple[str, str, str]:
        """Terms for the page where changes wait, for putting one into effect and for throwing it away; for drafts where nothing waits."""
        names = {"outbox": ("outbox", "send", "withdraw"), "approval": ("queue", "approve", "decline")}
        place, release, drop = names.get(self.workflow["commit"], ("drafts", "publish", "discard"))
        return f"ui.{place}", f"ui.{release}", f"ui.{drop}"

    def action_for(self, operation: str) -> str:
        """The action through which a record's page offers an operation: itself, the edit form or the form for the status."""
        item = self.family.operation(operation)
        entity = self.family.entity(item.entity)
        if operation in self.folded:
            return self.family.editing(entity).name
        if self.status_form(entity) and item in self.status_verbs(entity):
            return self.status_form(entity)
        return operation

    def is_edit(self, action: str) -> bool:
        """True for the general form of a record."""
        return not action.startswith("status-form") and self.family.operation(action).kind == "edit"

    def is_merge(self, action: str) -> bool:
        """True for the form that merges two records."""
        return not action.startswith("status-form") and self.family.operation(action).kind == "merge"

    @property
    def justifies(self) -> bool:
        """True when the general form of a record demands a reason."""
        return bool(self.workflow["justify"]) and self.workflow["edit"] != "autosave"

    def types_to_confirm(self, action: str) -> bool:
        """True when a question is answered by typing the record's number."""
        if self.workflow["confirm"] != "typed":
            return False
        return action.startswith("status-form") or self.confirmed(action)

    def asks_back(self, operation: str, action: str) -> bool:
        """True when carrying out the operation through this action ends with a question to be confirmed."""
        bare = not self.is_merge(action) and not self.form_fields(action)
        return bare or self.confirmed(action if self.is_edit(action) else operation)

    def steps(self, action: str) -> tuple[tuple[str, ...], ...]:
        """The fields of a form by wizard step; one step where there is no wizard."""
        names = self.form_fields(action)
        if self.workflow["edit"] != "wizard" or len(names) < 3:
            return (names,)
        size = -(-len(names) // (2 if len(names) < 7 else 3))
        return tuple(names[index : index + size] for index in range(0, len(names), size))

    def gridded(self, entity: Entity) -> str:
        """The field that the list of an entity lets one change in all rows at once; empty where it does not."""
        if not self.workflow["grid"] or self.justifies:
            return ""
        fields = self.family.editing(entity).fields
        split = self.widgets["money"] == "split" and self.model["money"] != "cents"
        kinds = {name: self.family.field(name).kind for name in entity.columns if name in fields}
        for wanted in ("number", "text") if split else ("money", "number", "text"):
            if wanted in kinds.values():
                named = [name for name, kind in kinds.items() if kind == wanted]
                return next((name for name in named if name != entity.subtitle), named[0])
        return ""

    def code(self, key: int) -> str:
        """How the product writes a record's number, e.g. `#117` or `N-00117`."""
        return f"N-{key:05d}" if self.model["numbers"] == "coded" else f"#{key}"


# --- drawing -----------------------------------------------------------------------------------------------------------------------


def draw(family: Family, product_id: str, version: int, title: str, distance: Distance, base: Blueprint | None) -> Blueprint:
    """The product of this id. `base` is None for training products, else the training product it departs from."""
    held = set(DIMENSIONS[: DIMENSIONS.index(distance) + 1]) if base else set()

    def rng(dimension: str) -> random.Random:
        return generator("blueprint", product_id, version, dimension)

    def features(
        dimension: Distance, table: Mapping[str, tuple[tuple[Any, ...], tuple[Any, ...]]], inherited: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        if inherited is not None and dimension not in held:
            return dict(inherited)
        source = rng(dimension)
        return {name: source.choice(halves[1 if dimension in held else 0]) for name, halves in table.items()}

    skin = features("skin", DIALS["skin"], None)
    skin["order"] = rng("order").randrange(1 << 30)
    skin["date"] = base.skin["date"] if base and "widgets" not in held else rng("date").choice(DATE_FORMATS[1 if "widgets" in held else 0])
    words = (
        dict(base.words) if base and "vocabulary" not in held else draw_words(family, rng("vocabulary"), 1 if "vocabulary" in held else 0)
    )
    widgets = features("widgets", DIALS["widgets"], base.widgets if base else None)
    workflow = features("workflow", DIALS["workflow"], base.workflow if base else None)
    model = features("data-model", DIALS["data-model"], base.model if base else None)
    return Blueprint(product_id, version, family, distance, title, base.id if base else "", skin, words, widgets, workflow, model)


def draw_words(family: Family, rng: random.Random, half: int) -> dict[str, str]:
    """One word for each term, so that within a product a word means one thing.

    Fields are distinct among fields, actions and captions among each other, and all values of all fields among values. The values of one
    field come from one scheme.
    """
    table = pools(family.name)
    words: dict[str, str] = {}
    taken: dict[str, set[str]] = {"field": set(), "action": set(), "value": set()}
    shared = {
        "ui.find",
        "ui.query",
        "ui.filter",
        "ui.go",
        "ui.select",
        "ui.all",
        "ui.notes",
        "ui.details",
        "ui.history",
        "ui.draft",
        "ui.drafts",
    }

    def take(term: str, group: str) -> None:
        choices = list(table[term][half])
        rng.shuffle(choices)
        free = [word for word in choices if word.lower() not in taken[group]]
        words[term] = (free or choices)[0]
        taken[group].add(words[term].lower())

    for term in table:
        if term.startswith("field."):
            take(term, "field")
        elif term.startswith(("op.", "ui.")) and term not in shared:
            take(term, "action")
    for term in sorted(shared):
        words[term] = rng.choice(table[term][half])
    entity = rng.choice(table["entity"][half])
    words["entity"], words["entities"] = entity, plural(entity)
    for term in [term for term in table if term.startswith("entity.")]:
        words[term] = rng.choice([word for word in table[term][half] if word not in words.values()])
        words[f"entities.{term.partition('.')[2]}"] = plural(words[term])
    for item in family.operations:
        if item.kind == "create":
            noun = words[f"entity.{item.entity}"] if item.entity else entity
            words[f"op.{item.name}"] = words[f"op.{item.name}"].replace("{entity}", noun.lower())
    for name in sorted({term.split(".")[1] for term in table if term.startswith("value.")}):
        terms = [term for term in table if term.startswith(f"value.{name}.")]
        schemes = list(range(min(len(table[term][half]) for term in terms)))
        rng.shuffle(schemes)
        scheme = next((n for n in schemes if not any(table[term][half][n].lower() in taken["value"] for term in terms)), schemes[0])
        for term in terms:
            words[term] = table[term][half][scheme]
            taken["value"].add(words[term].lower())
    return words


def plural(noun: str) -> str:
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith(("s", "x", "ch", "sh")) else f"{noun}s"
