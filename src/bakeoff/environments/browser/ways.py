"""Right ways to do a job: the expert's, and others that lead to the same end. What is right in another order, or after a detour that leaves nothing
behind, is as right as what the expert does; a verifier that refuses it is too strict."""

from __future__ import annotations

from collections.abc import Sequence

from bakeoff.core import Proof, follow
from bakeoff.environments.browser import answers
from bakeoff.environments.browser.experts import Style, expert, in_grid, policy
from bakeoff.environments.browser.schema import Act, Family, State, apply_all, objection
from bakeoff.environments.browser.tasks import Assignment


def alternatives(found: Assignment) -> dict[str, tuple[str, Style, tuple[Act, ...]]]:
    """Right ways that differ from the expert's, as name -> (claim, style, acts). At least two for every task."""
    blueprint, acts = found.blueprint, found.job.acts
    ways = {
        "by-contact-and-enter": (
            "finds the record by its contact, submits with Enter",
            Style(find="contact", submit="enter", release="page"),
            acts,
        ),
        "by-pages-backwards": (
            "turns pages, fills fields from last to first, picks suggestions",
            Style(find="pages", backwards=True, pick="suggestion"),
            acts,
        ),
        "detour-and-keys": (
            "looks at another record first, opens the form twice, uses the arrow keys",
            Style("number", pick="keys", detour="cancel"),
            acts,
        ),
    }
    if blueprint.workflow["actions"] == "rows" or any(
        act.operation in blueprint.moves(blueprint.form_entity(act.operation)) for act in acts
    ):
        ways["by-row-menu"] = ("uses the menu of the row", Style(route="row", detour="other"), acts)
    if any(act.operation in blueprint.bulk_actions for act in acts):
        ways["by-ticking"] = ("ticks the row and uses the action for selections", Style(route="tick"), acts)
    if any(in_grid(blueprint, act) for act in acts):
        ways["in-the-list"] = ("writes into the list and saves it", Style(route="grid"), acts)
    other = _another_order(found)
    if other:
        ways["another-order"] = ("does it in another order", Style(), other)
    beside = _beside(found)
    if beside:
        ways["bystander-undone"] = ("changes another record by mistake and sets it back", Style(), (*beside, *acts))
    mistake = _undone(found)
    if mistake:
        ways["mistake-undone"] = ("changes a wrong value first and sets it back", Style(), (*mistake, *acts))
    return ways


def _undone(found: Assignment) -> tuple[Act, ...]:
    """A change of the target and its reversal, where the job edits one field of one record."""
    act = next(iter(found.job.acts), Act(""))
    if act.operation != "assign" or len(act.records) != 1:
        return ()
    key = act.records[0]
    wrong = next(name for name, _ in found.before.users if name not in (act.values["owner"], found.before.records[key]["owner"]))
    return (act.but(owner=wrong), act.but(owner=found.before.records[key]["owner"]))


def _beside(found: Assignment) -> tuple[Act, ...]:
    """A change of a record that the job does not touch, and its reversal."""
    family, records = found.blueprint.family, found.before.records
    touched = {key for act in found.job.acts for key in (*act.records, act.values.get("into", -1))} | set(found.job.sources)
    for key, record in records.items():
        entity = family.entity_of(record)
        was = record[entity.contact]
        waits = any(target == key for target, *_ in found.before.waiting)
        if key not in touched and not waits and was:
            wrong = Act(family.editing(entity).name, (key,), {entity.contact: f"x{was}"})
            both = (wrong, wrong.but(**{entity.contact: was}))
            return both if possible(family, found.before, (*both, *found.job.acts)) else ()
    return ()


def _another_order(found: Assignment) -> tuple[Act, ...]:
    """The job's acts record by record from the last to the first, where that is possible and comes to the same; empty where it is not."""
    acts, family = found.job.acts, found.blueprint.family
    single = [Act(act.operation, (key,), act.values) for act in reversed(acts) for key in reversed(act.records)]
    bulky = any(family.operation(act.operation).kind in ("create", "merge") for act in acts)
    if bulky or len(single) < 2 or not possible(family, found.before, single):
        return ()
    same = apply_all(family, found.before, tuple(single)) == apply_all(family, found.before, acts)
    return tuple(single) if same else ()


def possible(family: Family, before: State, acts: Sequence[Act]) -> bool:
    """Whether each act finds its records in a status that permits it and no rule forbids it; what a product would refuse proves nothing about the verdict."""
    state = before
    for act in acts:
        operation = family.operation(act.operation)
        status = family.entity(operation.entity).status
        if operation.when and any(state.records[key][status] not in operation.when for key in act.records):
            return False
        if any(objection(state.records, operation, key, act.values) is not None for key in act.records or (None,)):
            return False
        state = apply_all(family, state, (act,))
    return True


def proofs(found: Assignment) -> tuple[Proof, ...]:
    """The expert's proof and those of the alternatives."""
    made = [Proof("expert", "expert", "does the job as the product means it to be done", follow(expert(found)))]
    read = answers.shown(found.job.answer, found.blueprint, found.before.users)
    for name, (claim, style, acts) in alternatives(found).items():
        said = read[0] if read and len(made) == 1 else answers.said(found.job.answer, len(made))
        way = policy(found.blueprint, found.before, acts, style, said, found.job.sources)
        made.append(Proof(name, "alternative", claim, follow(way)))
    return tuple(made)
