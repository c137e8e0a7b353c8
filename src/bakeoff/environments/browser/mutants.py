"""Mutants: near misses of a task, compiled from the same acts as its expert. Each must score below 1; each is checked against the reference model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

from bakeoff.core import Environment, Observation, Policy, Proof, follow
from bakeoff.environments.browser import answers
from bakeoff.environments.browser.experts import Style, policy
from bakeoff.environments.browser.office import likely_twins
from bakeoff.environments.browser.schema import Act, Family, apply_all
from bakeoff.environments.browser.tasks import Assignment
from bakeoff.environments.browser.verify import judge
from bakeoff.environments.browser.ways import possible


def proofs(found: Assignment) -> tuple[Proof, ...]:
    """The mutants' proofs, at least six."""
    blueprint, before, job = found.blueprint, found.before, found.job
    made = []
    for name, (claim, style, acts) in mutants(found).items():
        way = policy(blueprint, before, acts, style, answers.said(job.answer))
        made.append(Proof(name, "mutant", claim, _to_the_end(way)))
    for name, (claim, acts, said) in wrong_answers(found).items():
        made.append(Proof(name, "mutant", claim, _to_the_end(policy(blueprint, before, acts, Style(), said))))
    return tuple(made)


def _to_the_end(way: Policy) -> Callable[[Environment, Observation], None]:
    """Plays a mutant, and asserts that it found its way: one that got lost would score 0 and prove nothing about the verifier."""

    def play(environment: Environment, observation: Observation) -> None:
        follow(way)(environment, observation)
        said = str(getattr(environment, "answer", ""))
        assert not said.startswith("lost: "), f"the mutant got {said}"

    return play


def wrong_answers(found: Assignment) -> dict[str, tuple[str, tuple[Act, ...], str]]:
    """Wrong things to say where the job wants an answer, as name -> (claim, acts, what is said). Empty for other jobs."""
    job, wanted = found.job, found.job.answer
    if wanted is None:
        return {}
    right = answers.said(wanted)
    others = [answers.write(wanted.kind, value) for value in wanted.wrong]
    if wanted.kind in ("money", "number"):
        others.append(answers.write(wanted.kind, wanted.value + 1))
    elif wanted.kind == "date":
        others.append((date.fromisoformat(wanted.value) + timedelta(days=1)).isoformat())
    made = {f"wrong-answer-{index}": ("gives another answer", job.acts, text) for index, text in enumerate(others, start=1)}
    made["no-answer"] = ("does not answer", job.acts, "")
    made["answer-denied"] = ("denies the right answer", job.acts, f"not {right}")
    made["several-answers"] = ("gives the right answer and others besides", job.acts, ", ".join((right, *(others or ["none"]))))
    made["answer-in-a-tale"] = (
        "hides the right answer in a sentence with another one",
        job.acts,
        f"{right} or {(others or ['nothing'])[0]}",
    )
    noting = _noting(found)
    if noting is not None:
        made["answer-elsewhere"] = ("writes the answer into a note instead of giving it", (*job.acts, noting.but(note_text=right)), "")
    return {name: item for name, item in made.items() if item[1] != job.acts or not answers.same(wanted, item[2])}


def mutants(found: Assignment) -> dict[str, tuple[str, Style, tuple[Act, ...]]]:
    """Wrong ways, as name -> (claim, style, acts). None of them is right by the reference model."""
    acts, family, before = found.job.acts, found.blueprint.family, found.before
    made: dict[str, tuple[str, Style, tuple[Act, ...]]] = {}

    def add(name: str, claim: str, changed: tuple[Act, ...], style: Style | None = None) -> None:
        try:
            wrong = possible(family, before, changed) and not judge(family, before, apply_all(family, before, changed), acts).passed
        except KeyError:
            wrong = False  # the acts cannot follow each other, e.g. an edit after a removal
        if wrong:
            made[name] = (claim, style or Style(), changed)

    sibling = _sibling(found)
    removal = _removal(found, sibling)
    noting = _noting(found)
    if not acts:
        add("done-anyway", "does what could not be done", found.job.tempting)
        add("extra-edit", "says the right thing, and changes a record", (_harmless(found, sibling),))
    if removal is not None:
        add("sibling-removed", "does it, and removes a similar record", (*acts, removal))
    if noting is not None:
        add("stray-note", "does it, and writes a note nobody asked for", (*acts, noting))
    if not acts:
        return made
    first = acts[0]
    made["not-saved"] = ("fills in the form and leaves it", Style(save=False), acts)
    if found.blueprint.workflow["commit"] != "direct" and any(found.blueprint.deferred(act.operation) for act in acts):
        made["not-published"] = ("saves, but the change still waits", Style(publish=False), acts)
    blueprint = found.blueprint
    # Where each act is published by itself, it is the last one that is thrown away: what comes before may be needed for it.
    if "not-published" in made and (blueprint.workflow["commit"] != "draft" or blueprint.deferred(acts[-1].operation)):
        made["dropped"] = ("saves, then throws away what waits instead of putting it into effect", Style(drop=True, release="page"), acts)
    touched = {key for act in acts for key in (*act.records, act.values.get("into", -1))}
    if "not-published" in made and any(key not in touched for key, _, _ in before.waiting):
        made["colleagues-released"] = ("puts what colleagues have waiting into effect as well", Style(greedy=True), acts)
    if any(blueprint.asks_back(act.operation, blueprint.action_for(act.operation)) for act in acts):
        made["not-confirmed"] = ("leaves when asked to confirm", Style(confirm=False), acts)

    kind = family.operation(first.operation).kind
    if first.records:
        moved = tuple(_moved(act, first.records[0], sibling) for act in acts)
        if kind != "merge" or _offered(found, sibling):
            add("wrong-record", "does it to a similar record", moved)
        add("extra-edit", "does it, and changes a colleague's record too", (*acts, _harmless(found, sibling)))
        if kind not in ("delete", "merge"):
            add("target-edited", "does it, and changes one more field of the record", (*acts, _harmless(found, first.records[0])))
    else:
        add("extra-edit", "does it, and changes an old record too", (*acts, _harmless(found, sibling)))
    for index, act in enumerate(acts):
        for name in act.values:
            label = name.replace("_", "-")
            for other in _other_values(found, act, name):
                add(f"wrong-{label}", f"enters another value as {label}", (*acts[:index], act.but(**{name: other}), *acts[index + 1 :]))
                if f"wrong-{label}" in made:
                    break
        if len(acts) > 1:
            add(f"without-{act.operation}", f"leaves out {act.operation}", (*acts[:index], *acts[index + 1 :]))
        if len(act.records) > 1:
            add(
                "one-missing",
                "leaves one record out",
                (*acts[:index], Act(act.operation, act.records[:-1], act.values), *acts[index + 1 :]),
            )
        operation = family.operation(act.operation)
        moves = family.entity(operation.entity).status in operation.sets
        if operation.kind in ("note", "create") or (operation.effect is not None and not moves):
            add("done-twice", "does it twice", (*acts, act))
    if kind == "merge" and removal is not None:
        reverse = Act("merge", (first.values["into"],), {"into": first.records[0]})
        add("wrong-survivor", "keeps the wrong one of the two", (reverse,))
        add(
            "deleted-instead",
            "deletes the duplicate and loses its notes, and one more",
            (Act(removal.operation, first.records), removal),
        )
    swapped = _swapped(family, first)
    if swapped is not None:
        add("values-swapped", "puts two values into each other's fields", (swapped, *acts[1:]))
    return made


def _sibling(found: Assignment) -> int:
    """A record much like the target that the job does not touch and, if there is one, to which the same can be done."""
    family, before, acts = found.blueprint.family, found.before, found.job.acts
    touched = {key for act in acts for key in (*act.records, act.values.get("into", -1))}
    operations = [family.operation(act.operation) for act in acts]
    target = next((before.records[key] for key in (*touched, *found.job.sources) if key in before.records), None)
    entity = family.entity(operations[0].entity) if operations else family.entity_of(target or {})
    allowed = next((set(item.when) for item in operations if item.when), None)
    waits = {key for key, _, _ in before.waiting}
    candidates = [
        key for key, record in before.records.items() if key not in touched and key not in waits and family.entity_of(record) is entity
    ]
    fit = [key for key in candidates if allowed is None or before.records[key][entity.status] in allowed]

    def likeness(key: int) -> tuple[int, int]:
        record = before.records[key]
        return (-sum(record[name] == target[name] for name in (entity.title, entity.subtitle)) if target else 0), key

    return min(fit or candidates, key=likeness)


def _removal(found: Assignment, sibling: int) -> Act | None:
    """Removes the sibling, or where its sort of record cannot be removed, one that can."""
    family, before = found.blueprint.family, found.before
    touched = {key for act in found.job.acts for key in (*act.records, act.values.get("into", -1))}
    for key in (sibling, *before.records):
        operation = family.find("delete", family.entity_of(before.records[key]))
        if operation is not None and key not in touched:
            return Act(operation.name, (key,))
    return None


def _noting(found: Assignment) -> Act | None:
    """Writes a note nobody asked for."""
    family, before = found.blueprint.family, found.before
    touched = {key for act in found.job.acts for key in act.records}
    for key, record in before.records.items():
        operation = family.find("note", family.entity_of(record))
        if operation is not None and key not in touched:
            return Act(operation.name, (key,), {"note_kind": family.field("note_kind").values[0], "note_text": "Done"})
    return None


def _offered(found: Assignment, sibling: int) -> bool:
    """Whether the product would let the sibling be merged in the duplicate's place."""
    into, way = found.job.acts[0].values["into"], found.blueprint.workflow["merge"]
    here, other = (sibling, into) if way == "into" else (into, sibling)
    return way != "bulk" and other in likely_twins(found.blueprint.family, found.before.records, here)


def _moved(act: Act, old: int, new: int) -> Act:
    records = tuple(new if key == old else key for key in act.records)
    return Act(act.operation, records, act.values)


def _harmless(found: Assignment, key: int) -> Act:
    """An edit that any product allows on any record: a small change of the contact."""
    entity = found.blueprint.family.entity_of(found.before.records[key])
    contact = entity.contact
    return Act(found.blueprint.family.editing(entity).name, (key,), {contact: f"x{found.before.records[key][contact]}"})


def _other_values(found: Assignment, act: Act, name: str) -> Iterator[Any]:
    """Other plausible values of a field, likely mistakes first; the product may refuse some."""
    family, value = found.blueprint.family, act.values[name]
    if name == "into":
        return
    field = family.field(name)
    if field.kind == "choice":
        yield from (item for item in field.values if item != value)
    elif field.kind == "user":
        yield from (user for user, _ in found.before.users if user != value)
    elif field.kind == "date":
        yield from ((date.fromisoformat(value) + timedelta(days=step)).isoformat() for step in (1, 2, 7, -1))
    elif field.kind == "money":
        yield from (other for other in (value * 10, value // 2, value + 100) if other != value)
    elif field.kind == "number":
        yield from (other for other in (value + 1, value - 1, value + 10) if 0 <= other <= field.most)
    elif field.kind == "tags":
        yield tuple(sorted({*value} ^ {field.values[0]})) or (field.values[1],)
    elif field.kind == "flag":
        yield not value
    else:
        yield f"{value}x" if "@" not in str(value) else f"x{value}"
        yield from dict.fromkeys(other for record in found.before.records.values() if (other := record.get(name)) and other != value)


def _swapped(family: Family, act: Act) -> Act | None:
    """The act with two of its text values exchanged, where it has two that the product would take for each other."""
    for kind in ("text", "name"):  # a name may have to be written in a way of its own
        texts = [item.name for item in family.fields if item.kind == kind and item.name != "email" and act.values.get(item.name)]
        if len(texts) >= 2:
            left, right = texts[-2:]
            return act.but(**{left: act.values[right], right: act.values[left]})
    return None
