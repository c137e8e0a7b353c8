"""Final states made from the expert's own, each judged as if an agent had left it: what is wrong must fail, what is the same in another form pass."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

from bakeoff.audit.bench import Bench, Run, scored
from bakeoff.audit.semantic import Results, explain
from bakeoff.core import EnvironmentFault, Scored
from bakeoff.proofs import Edit, FinalState, Freedom, Mutant, Refused, WrongState, excuse, mutants

GENERATED, EQUIVALENTS = "generated mutants", "equivalents"
UNREADABLE, IMPOSSIBLE = "unreadable", "impossible"
"""Groups of results. What the verifier cannot read, and what the store does not take, is counted and proves nothing."""


def generated_mutants_rejected(bench: Bench) -> Results:
    """wrong final states made from the expert's by machine score below 1; the same state in another form scores 1"""
    base = _base(bench)
    if base is None:
        yield "", "inapplicable", "no run passed, so there is no right final state to make wrong ones from"
        return
    first = FinalState(bench.idle.artefacts)
    last = FinalState(base.artefacts).compared_with(first)
    if not last.tables and not hasattr(bench.environment, "wrong_states"):
        yield "", "inapplicable", "the artefacts hold no tables (SQLite or JSON)"
        return
    freedoms: Sequence[Freedom] = getattr(bench.environment, "freedoms", lambda task: ())(bench.task)
    rng = random.Random(f"mutants/{bench.seed}/{bench.task.id}")
    tried: Counter[str] = Counter()
    for mutant in mutants(first.tables, last.tables, rng, most=bench.most, freedoms=freedoms, columns=last.columns):
        yield from _mutant(bench, first, last, mutant, freedoms, tried)
    for state in _own(bench, first, last, rng):
        verdict = _verdict(bench, state.name, state.artefacts, tried)
        if verdict is not None:
            bench.count(GENERATED, state.name, verdict.passed)
            tried[GENERATED] += 1
            if verdict.value == 1:
                yield state.name, "failed", f"{state.claim}: {explain(verdict)}"
    if tried[GENERATED]:
        yield "all", "passed", ", ".join(f"{count} {name}" for name, count in tried.items())
    else:
        yield "", "inapplicable", "nothing changed that could have been changed wrongly"


def _base(bench: Bench) -> Run | None:
    """A run that passed: the expert's, else the first of some random ones."""
    if bench.expert is not None:
        return bench.expert if bench.expert.verdict.passed else None
    return bench.script if bench.script.verdict.passed else None


def _mutant(bench: Bench, first: FinalState, last: FinalState, mutant: Mutant, freedoms: Sequence[Freedom], tried: Counter[str]) -> Results:
    try:
        artefacts = last.write(mutant.edits)
    except Refused:
        bench.count(IMPOSSIBLE, mutant.operator, False)
        tried[IMPOSSIBLE] += 1
        return
    verdict = _verdict(bench, mutant.operator, artefacts, tried)
    if verdict is None:
        return
    reasons = excuse(first.tables, last.tables, last.edited(mutant.edits), freedoms)
    if reasons is None:
        bench.count(GENERATED, mutant.operator, verdict.passed)
        tried[GENERATED] += 1
        if verdict.passed:
            yield mutant.operator, "failed", f"accepted: {mutant.claim} ({_shown(last, mutant.edits)})"
    else:
        bench.count(EQUIVALENTS, ", ".join(reasons), verdict.passed)
        tried[EQUIVALENTS] += 1
        if not verdict.passed:
            what = f"{mutant.claim} ({_shown(last, mutant.edits)})"
            yield "equivalent", "failed", f"rejected, though only {' and '.join(reasons)} differs: {what}: {explain(verdict)}"


def _own(bench: Bench, first: FinalState, last: FinalState, rng: random.Random) -> Sequence[WrongState]:
    """Wrong states that only the environment can think of; of more than an audit wants, as many as it wants."""
    hook = getattr(bench.environment, "wrong_states", None)
    found = [] if hook is None else list(hook(bench.task, first.artefacts, last.artefacts))
    return found if len(found) <= bench.most else rng.sample(found, bench.most)


def _verdict(bench: Bench, name: str, artefacts: dict[str, bytes] | object, tried: Counter[str]) -> Scored | None:
    """The verdict on a state; None where the verifier cannot read what no run could have left."""
    try:
        return scored(bench.environment.regrade(bench.task, artefacts))  # type: ignore[arg-type]
    except EnvironmentFault as fault:
        if fault.retryable and not fault.reason.startswith("the verdict abstained"):
            raise
    except (ValueError, TypeError, KeyError, AttributeError, IndexError):
        pass
    bench.count(UNREADABLE, name, False)
    tried[UNREADABLE] += 1
    return None


def _shown(state: FinalState, edits: Sequence[Edit], most: int = 3) -> str:
    """The edits in words, for whoever has to reproduce them."""
    said = []
    for edit in edits[:most]:
        old = state.tables[edit.table].get(edit.key)
        if edit.row is None:
            said.append(f"{edit.table} {edit.key} deleted")
        elif old is None:
            said.append(f"{edit.table} {edit.key} inserted: {edit.row}")
        else:
            changed = [f"{name}: {old[name]!r} → {value!r}" for name, value in edit.row.items() if old[name] != value]
            said.append(f"{edit.table} {edit.key} {', '.join(changed)}")
    return "; ".join(said) + (f" and {len(edits) - most} more" if len(edits) > most else "")
