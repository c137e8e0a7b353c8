"""The catalogue: which products there are, what is odd about each, and how many rules a person must learn to work in it.

Each family has 220 products: 120 for training, 40 for development, 60 sealed, the unseen ones spread evenly over the five distances. A product
is drawn when it is asked for; the catalogue only knows names. It lists version 1; `<id>@2` is the same product after an update and
`<id>-nonsense` the same with labels that mean nothing, and `<id>-loophole` has a reward to be had for nothing (`loophole.py`; not of sealed
products). All belong to the split of the product they come from.

The number of production rules follows cognitive complexity theory (Kieras & Polson 1985; Bovair, Kieras & Polson 1990): predicted learning time
is linear in the rules a person does not have yet. Counted here are the distinct rules a newcomer needs for all templates of the family, at the
grain "when I want X here, I do Y": one to find a record plus one for each peculiarity of finding; one for each operation and where it is
offered; one for each renamed field, value and action (a word that is not the job's own); one for each kind of widget met and one for each
field asked for in more than one part; one for each extra step of the workflow; one for each validation rule; one for each way a value must be
written. Words that coincide with the job's own are known already and cost nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache

from bakeoff.core import DISTANCES, Distance, Product, Split, UsageError
from bakeoff.environments.browser import forms, loophole, variants
from bakeoff.environments.browser.blueprint import DIMENSIONS, LOOPHOLE, NONSENSE, Blueprint, draw
from bakeoff.environments.browser.families import FAMILIES
from bakeoff.environments.browser.schema import Family
from bakeoff.environments.browser.seeds import generator
from bakeoff.environments.browser.vocabulary import NAMES, SUFFIXES

VERSION = 1
VERSIONS = (VERSION, variants.NEXT)
"""The second is the first after an update: same data, jobs and data model, other labels, order and widgets (see `variants.py`)."""

COUNTS: Mapping[Split, int] = {"train": 120, "dev": 40, "sealed": 60}


@cache
def _places(family: str) -> Mapping[str, tuple[Split, Distance]]:
    """Split and distance of every product id of a family, in catalogue order."""
    names = list(NAMES)
    generator("names", family).shuffle(names)
    places: dict[str, tuple[Split, Distance]] = {}
    taken = iter(names)
    for split, count in COUNTS.items():
        for index in range(count):
            distance: Distance = "none" if split == "train" else DIMENSIONS[index % len(DIMENSIONS)]
            places[f"{family}-{next(taken)}"] = (split, distance)
    return places


def ids(family: str) -> tuple[str, ...]:
    """All product ids of a family, in catalogue order. Raises `UsageError` for an unknown family."""
    if family not in FAMILIES:
        raise UsageError(f"there is no job family '{family}'; there are {', '.join(FAMILIES)}")
    return tuple(_places(family))


@lru_cache(maxsize=2048)
def blueprint(product_id: str, version: int = VERSION) -> Blueprint:
    """The product with this id, drawn. Raises `UsageError` when there is none."""
    family = FAMILIES.get(product_id.partition("-")[0])
    plain = product_id.removesuffix(NONSENSE).removesuffix(LOOPHOLE)
    if family is None or plain not in _places(family.name) or version not in VERSIONS:
        raise UsageError(f"there is no product '{product_id}@{version}'; `bakeoff list browser` shows what there is")
    if product_id == f"{plain}{LOOPHOLE}":
        if _places(family.name)[plain][0] == "sealed":
            raise UsageError(f"'{plain}' is a sealed product; loopholes are planted in training and development products alone")
        return loophole.planted(blueprint(plain, version))
    if product_id not in (plain, f"{plain}{NONSENSE}"):
        raise UsageError(f"there is no product '{product_id}@{version}'; `bakeoff list browser` shows what there is")
    if product_id != plain:
        return variants.nonsensical(blueprint(plain, version))
    if version != VERSION:
        return variants.updated(blueprint(product_id, VERSION))
    _, distance = _places(family.name)[product_id]
    rng = generator("title", product_id)
    title = product_id.partition("-")[2].capitalize() + rng.choice(SUFFIXES)
    base = None
    if distance != "none":
        training = [name for name, (split, _) in _places(family.name).items() if split == "train"]
        base = blueprint(generator("base", product_id).choice(training), version)
    return draw(family, product_id, version, title, distance, base)


@lru_cache(maxsize=2048)
def product(product_id: str, version: int = VERSION) -> Product:
    """The product as the contract describes it."""
    drawn = blueprint(product_id, version)
    split, distance = _places(drawn.family.name)[drawn.origin]
    return Product(
        id=product_id,
        version=version,
        family=drawn.family.name,
        split=split,
        distance=distance,
        templates=tuple(drawn.family.templates),
        quirks=quirks(drawn),
        rules=len(rules(drawn)),
        notes=notes(drawn),
    )


def catalogue(family: str | None = None, split: Split | None = None) -> tuple[Product, ...]:
    """Products in a fixed order, optionally of one family and one split."""
    chosen = FAMILIES if family is None else {family: FAMILIES[family]} if family in FAMILIES else {}
    return tuple(product(name) for each in chosen for name, (where, _) in _places(each).items() if split in (None, where))


def notes(drawn: Blueprint) -> dict[str, str]:
    """Drawn features in words, for people."""
    facts = {"title": drawn.title, "base": drawn.base}
    if drawn.version != VERSION:
        facts["update of"] = f"{drawn.id}@{VERSION}"
    if drawn.id != drawn.origin:
        facts |= {"loophole": "planted"} if drawn.loophole else {"labels": "nonsense"}
    for dimension, features in (
        ("skin", drawn.skin),
        ("widgets", drawn.widgets),
        ("workflow", drawn.workflow),
        ("data-model", drawn.model),
    ):
        facts[dimension] = ", ".join(f"{name} {value}" for name, value in features.items() if name != "order")
    return {name: text for name, text in facts.items() if text}


# --- what is odd about it ------------------------------------------------------------------------------------------------------------


def quirks(drawn: Blueprint) -> tuple[str, ...]:
    """What surprises a newcomer, one sentence each."""
    flow, model, word = drawn.workflow, drawn.model, drawn.word
    one, many = word("entity").lower(), ", ".join(drawn.nouns(entity).lower() for entity in drawn.family.entities)
    said = []
    if flow["commit"] == "draft":
        said.append(f"Changes are only drafts until “{word('ui.publish')}” is pressed.")
    if flow["commit"] == "outbox":
        said.append(
            f"Changes wait in “{word('ui.outbox')}” and take effect only when “{word('ui.send')}” is pressed there; colleagues' changes wait there too."
        )
    if flow["lock"]:
        said.append(f"Nothing can be done to a {one} before “{word('ui.lock')}” was pressed.")
    if flow["find"] == "search":
        said.append(f"No {many} are listed until something is searched for.")
    if flow["commit"] == "approval":
        said.append(
            f"Changes wait in “{word('ui.queue')}” until they are looked at there and “{word('ui.approve')}” is pressed; colleagues' changes wait there too."
        )
    if drawn.widgets["status"] == "board":
        said.append(f"Lists of {many} are boards: a status is changed by dragging a card to another lane, or from the card's own menu.")
    if drawn.widgets["status"] == "form":
        said.append(f"There is one form, “{word('ui.status-form')}”, for all changes of status.")
    if flow["edit"] == "wizard":
        said.append("Long forms come in several steps.")
    if flow["confirm"] == "all":
        said.append("Every change must be confirmed.")
    if flow["confirm"] == "typed":
        said.append(f"Every change must be confirmed by typing the number of the {one}.")
    if flow["edit"] == "autosave":
        said.append("The edit form is part of the page and saves each field as soon as it is left.")
    if flow["grid"]:
        said.append(f"Lists hold fields that are saved all at once with “{word('ui.grid')}”.")
    if drawn.folded:
        said.append(
            f"{', '.join(word(f'op.{name}') for name in drawn.folded)}: no action of that kind, the fields are in “{word('op.edit')}”."
        )
    if drawn.justifies:
        said.append(f"Editing demands a “{word('ui.justify')}”.")
    merges = any(item.kind == "merge" for item in drawn.family.operations)
    if flow["merge"] == "absorb" and merges:
        said.append("Merging is started from the record that stays.")
    if flow["merge"] == "bulk" and merges:
        said.append("Duplicates are merged by ticking both in the list.")
    if model["names"] == "reversed":
        said.append("People are written last name first.")
    if model["money"] == "cents" and any(item.kind == "money" for item in drawn.family.fields):
        said.append("Amounts are entered in cents.")
    if model["user"] == "pair":
        said.append("A colleague is chosen by team and by name, and both must fit.")
    if model["choices"] == "ordinal":
        said.append("Values carry numbers.")
    if drawn.skin["date"] in ("mdy/", "dMy"):
        said.append(f"Days are written {'month first' if drawn.skin['date'] == 'mdy/' else 'like 4 Mar 2026'}.")
    said += [f"“{shown}” means {meant}." for meant, shown in _far_words(drawn)]
    return tuple(said)


def _canonical(family: Family) -> dict[str, str]:
    """The job's own word for each term that has one."""
    said = {f"field.{item.name}": item.said for item in (*family.fields, *family.form_fields) if item.kind != "entity"}
    said |= {
        f"value.{item.name}.{value}": value.replace("-", " ")
        for item in (*family.fields, *family.form_fields)
        for value in item.values
        if item.kind != "entity"
    }
    said |= {f"op.{item.name}": item.name for item in family.operations}
    return said | {"entity": family.noun} | {f"entity.{entity.name}": entity.noun for entity in family.entities[1:]}


def _renamed(drawn: Blueprint) -> list[tuple[str, str]]:
    """Terms whose word is not the job's own, as (term, shown word)."""
    said = _canonical(drawn.family)
    return [(term, drawn.words[term]) for term, own in said.items() if own.lower() not in drawn.words[term].lower()]


def _far_words(drawn: Blueprint) -> list[tuple[str, str]]:
    """The job's word and the shown one, where they differ, for operations and statuses."""
    said = _canonical(drawn.family)
    return [
        (said[term], shown)
        for term, shown in _renamed(drawn)
        if term.startswith(("op.", "entity.", *(f"value.{entity.status}." for entity in drawn.family.entities)))
    ]


def rules(drawn: Blueprint) -> tuple[str, ...]:
    """The distinct production rules of a product, named. See the module's head for how they are counted."""
    family, flow, model = drawn.family, drawn.workflow, drawn.model
    found = {
        "find: look for the record in the list",
        "finish: say that the job is done",
        f"move: navigation is at the {drawn.skin['layout']}",
    }
    found |= {f"word: {term} is “{shown}”" for term, shown in _renamed(drawn)}
    found |= {f"do: {name} is offered as {flow['actions']}" for name in drawn.actions} | {
        f"do: {name} to ticked rows" for name in drawn.bulk_actions
    }
    found |= {f"do: {name} through the edit form" for name in drawn.folded}
    users = (("A", "T"),)
    forms_of = [item.name for item in family.operations if item.kind in ("edit", "create")]
    for name in {name for action in (*drawn.actions, *forms_of) for name in drawn.form_fields(action)}:
        parts = forms.parts(drawn, name, users)
        found |= {f"widget: {part.widget}" for part in parts}
        if len(parts) > 1:
            found.add(f"parts: {name}")
        if family.field(name).future:
            found.add("valid: no day in the past")
    found |= {f"valid: {item.name} needs {name}" for item in family.operations for name in item.required}
    found |= {f"valid: {item.name} only in some statuses" for item in family.operations if item.when}
    if len(family.entities) > 1:
        found |= {f"find: {entity.name} records have a list of their own" for entity in family.entities}
    if any(item.name == "email" for item in family.fields):
        found.add("valid: an address needs an @")
    steps = {
        "find: search before anything is listed": flow["find"] == "search",
        "find: filter by status": flow["find"] == "filter",
        "find: go to the next page": True,
        "step: save": True,
        "step: publish the draft": flow["commit"] == "draft",
        "step: open the outbox": flow["commit"] == "outbox",
        "step: send it from the outbox": flow["commit"] == "outbox",
        "step: leave colleagues' changes alone": flow["commit"] in ("outbox", "approval"),
        "step: take the record first": bool(flow["lock"]),
        "step: confirm a deletion or merge": True,
        "step: confirm a verb": flow["confirm"] in ("verbs", "all", "typed"),
        "step: confirm an edit": flow["confirm"] in ("all", "typed") and flow["edit"] != "autosave",
        "step: type the record's number to confirm": flow["confirm"] == "typed",
        "step: leave a field so that it is saved": flow["edit"] == "autosave",
        "step: save the fields of a list": bool(flow["grid"]),
        "move: start from the page that counts": flow["home"] == "home",
        "step: continue to the next part of a form": flow["edit"] == "wizard",
        "step: give a reason for an edit": drawn.justifies,
        "step: open the menu of actions": flow["actions"] != "buttons",
        "step: choose the status, then what belongs to it": drawn.widgets["status"] == "form",
        "step: drag a card to the lane of its status": drawn.widgets["status"] == "board",
        "step: open the page of what waits for approval": flow["commit"] == "approval",
        "step: look at a change and approve it": flow["commit"] == "approval",
        "step: open the tab of notes": flow["notes"] == "tab",
        f"merge: by {flow['merge']}": any(item.kind == "merge" for item in family.operations),
        "write: last name first": model["names"] == "reversed",
        "write: cents": model["money"] == "cents",
        "write: team and person must fit": model["user"] == "pair",
        "read: numbers of records are codes": model["numbers"] == "coded",
        f"write: days as {drawn.skin['date']}": drawn.widgets["date"] == "written",
    }
    return tuple(sorted(found | {name for name, holds in steps.items() if holds}))


def tier(distance: Distance) -> int:
    """0 for training products up to 5 for the farthest."""
    return DISTANCES.index(distance)
