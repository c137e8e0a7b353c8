"""Runs with a known verdict, most of them made from the expert's steps alone: right ways, near misses, and cheats.

Near misses that are *done*, in the app: the job with another value drawn, the last step left out. Near misses that are *so*: the expert's final
state with one thing wrong, as it would be found in the app's records. An author adds others under `mutants`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from bakeoff.core import Environment, Observation, Proof, Task, follow
from bakeoff.environments.outside import steps, verify
from bakeoff.environments.outside.attacks import attacks
from bakeoff.environments.outside.environment import OutsideEnvironment
from bakeoff.environments.outside.jobs import Run, bound, draw
from bakeoff.environments.outside.steps import Step
from bakeoff.environments.outside.truth import State, changed_by
from bakeoff.environments.outside.verify import Assignment, Spoil

Play = Callable[[Environment, Observation], None]


def proofs(environment: OutsideEnvironment, task: Task) -> tuple[Proof, ...]:
    """The expert, the alternatives, mutants and attacks of a task; nothing for one without an expert."""
    found = environment.assignment(task.id)
    if not found.job.experts:
        return ()
    made = [
        Proof(run.name, "alternative" if number else "expert", run.claim, follow(steps.policy(run.steps, found.values)))
        for number, run in enumerate(found.job.experts)
    ]
    return (*made, *_mutants(found), *attacks())


# --- near misses --------------------------------------------------------------------------------------------------------------------


def _mutants(found: Assignment) -> Iterator[Proof]:
    expert = found.job.experts[0].steps
    for run in found.job.mutants:
        yield Proof(run.name, "mutant", run.claim, _spoilt(found, run) if run.sql else follow(steps.policy(run.steps, found.values)))
    for name in found.job.draws:
        other = _drawn_otherwise(found, name)
        if other is not None:
            claim = f"does the job with another {name.replace('_', ' ')}"
            yield Proof(f"other-{name.replace('_', '-').lower()}", "mutant", claim, follow(steps.policy(expert, other)))
    if found.job.goal:
        yield Proof("left-before-the-end", "mutant", "leaves out the last step", follow(steps.policy(_without_last(expert), found.values)))
    if found.job.answer is not None:
        silent = tuple(replace(step, value="") if step.verb == "finish" else step for step in expert)
        yield Proof("no-answer", "mutant", "does not say what was found", follow(steps.policy(silent, found.values)))
        wordy = tuple(replace(step, value=f"{step.value} or not {step.value}") if step.verb == "finish" else step for step in expert)
        yield Proof("hedged-answer", "mutant", "answers both ways", follow(steps.policy(wordy, found.values)))
    for name, claim, spoil in _spoils(found):
        yield Proof(name, "mutant", claim, _then(expert, found, spoil))


def _without_last(run: tuple[Step, ...]) -> tuple[Step, ...]:
    """The steps without the last that does something."""
    acting = [step for step in run if step.verb != "finish"]
    return (*acting[:-1], Step("finish"))


def _drawn_otherwise(found: Assignment, name: str) -> dict[str, Any] | None:
    """The values with one drawn otherwise, where that makes another job; None where no other value comes up."""
    job = found.job
    for seed in range(1, 60):
        try:
            other = draw(job, found.before, found.app.name, 1_000_003 * seed)
        except verify.UsageError:
            continue
        if other[name] == found.values[name]:
            continue
        mixed = {**found.values, name: other[name]}
        if _asks(found, mixed) != _asks(found, dict(found.values)):
            return mixed
    return None


def _asks(found: Assignment, values: dict[str, Any]) -> Any:
    """What the job's goal and answer come to with these values."""
    other = replace(found, values=values)
    return (
        [(effect.kind, effect.table, _plain(other, effect.where), _plain(other, effect.values)) for effect in found.job.goal],
        _plain(other, {"answer": found.job.answer}),
    )


def _plain(found: Assignment, values: Any) -> Any:
    names = {effect.name for effect in found.job.goal if effect.kind == "create" and effect.name}
    return verify.filled(found, values, {name: _Anything() for name in names})


class _Anything(dict[str, Any]):
    """Stands for a row that is not there yet: whatever field is asked for is its name."""

    def __contains__(self, key: object) -> bool:
        return True

    def __missing__(self, key: str) -> str:
        return key


def _then(run: tuple[Step, ...], found: Assignment, spoil: Spoil) -> Play:
    """The run, and then the final state spoilt."""
    policy = steps.policy(run, found.values)

    def play(environment: Environment, observation: Observation) -> None:
        assert isinstance(environment, OutsideEnvironment), "this proof needs the environment in this process"
        follow(policy)(environment, observation)
        environment.spoil = spoil

    return play


def _spoilt(found: Assignment, run: Run) -> Play:
    queries = [bound(sql, found.values, found.job.where) for sql in run.sql]
    return _then(found.job.experts[0].steps, found, lambda state: changed_by(state, queries, f"{found.job.where}: mutant '{run.name}'"))


def _spoils(found: Assignment) -> Iterator[tuple[str, str, Spoil]]:
    """Ways in which a final state is wrong whatever the job."""
    yield "changed-elsewhere", "does the job and changes a value that has nothing to do with it", lambda state: _elsewhere(found, state)
    yield "lost-record", "does the job and loses a record that has nothing to do with it", lambda state: _lost(found, state, 1)
    yield "lost-half", "does the job and loses half of the other records", lambda state: _lost(found, state, 0)
    yield "extra-record", "does the job and leaves a record behind that nobody asked for", lambda state: _extra(found, state)
    if found.job.goal:
        yield "undone", "does the job and takes one change back", lambda state: _undone(found, state)


def _rng(found: Assignment) -> random.Random:
    return random.Random(f"{found.app.name}/{found.job.name}/{sorted(found.values.items(), key=str)}")


def _untouched(found: Assignment, state: State) -> list[tuple[str, str]]:
    """Rows that are as they were and have to stay so."""
    loose = {item.partition(".")[0] for item in found.job.allowed} | {effect.table for effect in found.job.allow}
    return [
        (table, key)
        for table, rows in found.before.tables.items()
        if table not in loose
        for key in rows
        if state.tables.get(table, {}).get(key) == rows[key]
    ]


def _elsewhere(found: Assignment, state: State) -> State:
    rng, spoilt = _rng(found), state.copy()
    places = [
        (table, key, column)
        for table, key in _untouched(found, state)
        for column, value in state.tables[table][key].items()
        if value is not None and column not in state.keys[table] and not found.app.truth.noisy(table, column)
    ]
    table, key, column = rng.choice(places)
    value = state.tables[table][key][column]
    spoilt.tables[table][key][column] = value + 1 if isinstance(value, (int, float)) else f"{value}x"
    return spoilt


def _lost(found: Assignment, state: State, count: int) -> State:
    rng, spoilt = _rng(found), state.copy()
    places = _untouched(found, state)
    for table, key in rng.sample(places, count or max(1, len(places) // 2)):
        del spoilt.tables[table][key]
    return spoilt


def _extra(found: Assignment, state: State) -> State:
    rng, spoilt = _rng(found), state.copy()
    table, key = rng.choice(_untouched(found, state))
    spoilt.tables[table][f"{key}'"] = dict(state.tables[table][key])
    return spoilt


def _undone(found: Assignment, state: State) -> State:
    """One changed row as it was, one that the goal names if there is one."""
    delta = verify.difference(found.app, found.before, state)
    wanted = {effect.table for effect in found.job.goal}
    spoilt = state.copy()
    places = [place for place in (*delta.changed, *delta.created, *delta.deleted) if place[0] in wanted]
    assert places, "the expert changed nothing"
    for table, key in places:
        if key in found.before.tables.get(table, {}):
            spoilt.tables[table][key] = dict(found.before.tables[table][key])
        else:
            del spoilt.tables[table][key]
    return spoilt
