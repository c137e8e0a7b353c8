"""What there is to do in an app: an instruction with drawn values, the change that fulfils it, the change it allows, and known runs."""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from bakeoff.core import UsageError
from bakeoff.environments.outside import text
from bakeoff.environments.outside.steps import Step, longest, read_steps
from bakeoff.environments.outside.truth import Query, State, run_query
from bakeoff.toml import Table

Kind = Literal["change", "create", "delete", "query"]
PATTERNS = ("any", "null", "contains", "one_of", "near", "text", "json", "query", "matches")


@dataclass(frozen=True, slots=True)
class Effect:
    """One expected or allowed change.

    Attributes:
        kind: `change` rows of a table, `create` one, `delete` rows; or a `query` on the final state whose single value is checked.
        table: which; for a query its SQL.
        where: which rows, by column; for `change` and `delete`.
        values: by column what a created or changed row must hold; for a query `{"is": value}`.
        any: columns that a created row may hold anything in.
        name: what later effects call the created row, e.g. `{loan.id}`; for a query the name of its check.
        columns: for an allowed `change`, the columns that may change; empty for all.
    Values are scalars, texts with placeholders, or patterns (see `verify.matches`).
    """

    kind: Kind
    table: str
    where: Mapping[str, Any]
    values: Mapping[str, Any]
    any: tuple[str, ...] = ()
    name: str = ""
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """A known run of a job: its steps, or for a mutant the SQL that spoils the expert's final state."""

    name: str
    claim: str
    steps: tuple[Step, ...]
    sql: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Job:
    """One template.

    Attributes:
        instruction: with placeholders for what is drawn.
        draws: in order, name and how it is drawn: `{"sql": …}`, `{"list": […]}` or `{"from": 1, "to": 9}`.
        goal, allow: the effects that must and may happen. `allow` also takes `table` and `table.column`, kept in `allowed`.
        answer: what `finish` must say, as a value or a pattern; None when no answer is asked for.
        experts: the first is the expert, the rest are alternatives.
        mutants: wrong runs.
        steps, seconds: limits; 0 steps: three times the expert's, and 15.
        where: what errors call it.
    """

    name: str
    instruction: str
    draws: Mapping[str, Mapping[str, Any]]
    goal: tuple[Effect, ...]
    allow: tuple[Effect, ...]
    allowed: tuple[str, ...]
    answer: Any
    experts: tuple[Run, ...]
    mutants: tuple[Run, ...]
    steps: int
    seconds: float
    where: str

    @property
    def limit(self) -> int:
        known = max((longest(run.steps) for run in self.experts), default=0)
        return self.steps or (3 * known + 15 if known else 60)


def read_job(table: Table) -> Job:
    """Reads one `[[tasks]]` table. Raises `UsageError`."""
    name = table.take("name", str)
    if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
        raise table.fail(f"'name' must be lower-case letters, digits and hyphens, not '{name}'")
    allow, allowed = [], []
    for item in table.take("allow", list, []):
        if isinstance(item, str):
            allowed.append(item)
        else:
            allow.append(_effect(table, "allow", item))
    job = Job(
        name=name,
        instruction=table.take("instruction", str).strip(),
        draws=_draws(table),
        goal=tuple(_effect(table, "goal", item) for item in table.take("goal", list, [])),
        allow=tuple(allow),
        allowed=tuple(allowed),
        answer=table.take("answer", (str, int, float, list, dict), None),
        experts=(*_experts(table), *_runs(table, "alternatives")),
        mutants=_runs(table, "mutants"),
        steps=table.take("steps", int, 0),
        seconds=table.seconds("seconds", 180.0),
        where=table.where,
    )
    table.done()
    if not job.instruction:
        raise table.fail("'instruction' is empty; say what the worker shall do")
    if not job.goal and job.answer is None:
        raise table.fail("give a 'goal' (what must have changed) or an 'answer', else doing nothing would do")
    if any(effect.kind == "query" for effect in job.allow):
        raise table.fail("'allow' takes changes, not queries")
    _check_names(table, job)
    return job


def _draws(table: Table) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for name, draw in table.take("draw", dict, {}).items():
        if isinstance(draw, str):
            draw = {"sql": draw}
        elif isinstance(draw, list):
            draw = {"list": draw}
        if not isinstance(draw, dict) or set(draw) not in ({"sql"}, {"list"}, {"from", "to"}):
            raise table.fail(f"draw '{name}' must be a query, a list, or {{from = 1, to = 9}}, not {draw!r}")
        if not next(iter(draw.values())) and "from" not in draw:
            raise table.fail(f"draw '{name}' is empty")
        found[name] = draw
    return found


def _effect(table: Table, key: str, item: Any) -> Effect:
    if not isinstance(item, dict):
        raise table.fail(f"'{key}' must be a list of tables such as {{ change = \"loan\", where = {{…}}, set = {{…}} }}, not {item!r}", key)
    reader = table.within(item, key)
    kinds = [kind for kind in ("change", "create", "delete", "query") if reader.has(kind)]
    if len(kinds) != 1:
        raise reader.fail("give one of 'change', 'create', 'delete' and 'query'")
    kind: Any = kinds[0]
    subject = reader.take(kind, str)
    if kind == "query":
        effect = Effect(kind, subject, {}, {"is": reader.take("is", (str, int, float, dict, list))}, name=reader.take("name", str, "query"))
    elif kind == "create":
        effect = Effect(kind, subject, {}, reader.take("values", dict, {}), reader.texts("any"), reader.take("as", str, ""))
    elif kind == "delete":
        effect = Effect(kind, subject, reader.take("where", dict), {})
    elif key == "goal":
        effect = Effect(kind, subject, reader.take("where", dict), reader.take("set", dict))
    else:
        effect = Effect(kind, subject, reader.take("where", dict, {}), {}, columns=reader.texts("columns"))
    reader.done()
    if key == "goal" and kind in ("change", "delete") and not effect.where:
        raise reader.fail("'where' is empty; say which rows")
    for value in (*effect.where.values(), *effect.values.values()):
        if isinstance(value, dict) and kind != "query" and not (set(value) & set(PATTERNS)):
            raise reader.fail(f"{value!r} is no pattern; patterns are {', '.join(PATTERNS)}")
    return effect


def _experts(table: Table) -> tuple[Run, ...]:
    lines = table.texts("expert")
    return (Run("expert", "does the job as its author would", read_steps(lines, f"{table.where_of('expert')}: expert")),) if lines else ()


def _runs(table: Table, key: str) -> tuple[Run, ...]:
    found = []
    for name, item in table.take(key, dict, {}).items():
        where = f"{table.where_of(key, name)}: {key} '{name}'"
        claim, steps, sql = name.replace("-", " "), item, []
        if isinstance(item, dict):
            reader = table.within(item, key, name)
            claim, steps, sql = reader.take("claim", str, claim), list(reader.texts("steps")), list(reader.texts("sql"))
            reader.done()
        if not isinstance(steps, list) or bool(steps) == bool(sql) or (sql and key != "mutants"):
            raise UsageError(
                f"{where}: give a list of steps" + (", or { sql = … } on the expert's final state" if key == "mutants" else "")
            )
        if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
            raise UsageError(f"{where}: names are lower-case letters, digits and hyphens")
        found.append(Run(name, claim, read_steps(steps, where), tuple(sql)))
    return tuple(found)


def _check_names(table: Table, job: Job) -> None:
    """Every placeholder is drawn, or names a row that an effect creates."""

    def deep(value: Any) -> Iterator[str]:
        if isinstance(value, str):
            yield from text.names(value)
        elif isinstance(value, Mapping):
            for item in value.values():
                yield from deep(item)
        elif isinstance(value, list):
            for item in value:
                yield from deep(item)

    known: set[str] = set()
    for name, draw in job.draws.items():
        _known(table, f"draw '{name}'", set(deep(draw.get("sql", ""))), known)
        known.add(name)
    _known(table, "the instruction", text.names(job.instruction), known)
    _known(table, "the answer", set(deep(job.answer)), known)
    for run in (*job.experts, *job.mutants):
        used = {name for step in run.steps for name in step.names()} | {name for line in run.sql for name in text.names(line)}
        _known(table, f"'{run.name}'", used, known)
    made = known | {effect.name for effect in (*job.goal, *job.allow) if effect.name and effect.kind == "create"}
    for effect in (*job.goal, *job.allow):
        _known(table, f"the {effect.kind} of '{effect.table}'", set(deep(effect.where)) | set(deep(effect.values)), made)


def _known(table: Table, what: str, used: set[str], known: set[str]) -> None:
    for name in sorted(used - known):
        raise table.fail(f"{what} uses '{{{name}}}', which is not drawn; drawn are {', '.join(sorted(known)) or 'no values'}")


# --- drawing ------------------------------------------------------------------------------------------------------------------------


def draw(job: Job, state: State, app: str, seed: int) -> dict[str, Any]:
    """The values of a task: each drawn by the seed, in order, from the initial state. Raises `UsageError` when a query finds nothing."""
    values: dict[str, Any] = {}
    for name, source in job.draws.items():
        where = f"{job.where}: draw '{name}'"
        if "from" in source:
            choices: list[Any] = list(range(source["from"], source["to"] + 1))
        elif "list" in source:
            choices = list(source["list"])
        else:
            choices = _rows(run_query(state, bound(source["sql"], values, where), where))
        if not choices:
            raise UsageError(f"{where} finds nothing to draw from")
        values[name] = random.Random(hashlib.sha256(f"{app}/{job.name}/{name}/{seed}".encode()).digest()).choice(choices)
    return values


def _rows(found: list[dict[str, Any]]) -> list[Any]:
    """Rows in an order that no database decides; rows of one column as its values."""
    rows = sorted(found, key=lambda row: json.dumps(row, sort_keys=True, default=str))
    return [next(iter(row.values())) for row in rows] if rows and len(rows[0]) == 1 else rows


def bound(sql: str, values: text.Values, where: str) -> Query:
    """A query whose placeholders have become parameters."""
    parameters: list[Any] = []

    def parameter(name: str) -> str:
        parameters.append(text.look_up(name, values, where))
        return "?"

    return Query(text.substitute(sql, parameter), tuple(parameters))
