"""Plans: what a bake-off runs, read from one TOML file. Agents × streams × repetitions, with budgets.

    name = "small"
    seed = 1
    repetitions = 2
    apps = ["lending.toml"]             # apps from elsewhere, for environment = "outside"; beside the plan, or from the current folder

    [[agents]]
    agent = "apprentice"                # name, or name:argument; `label` renames it in reports
    memory = "stream"                   # or "product": wiped when a product begins, the twin that shows what carrying over is worth;
                                        # or "episode": wiped before every job, which shows what learning is worth at all

    [[agents]]
    agent = "baked"
    recipes = ["../recipes/quick.toml"] # baked before the run, unless that was done; beside the plan, or from the current folder

    [[streams]]
    name = "crm"
    environment = "browser"
    family = "crm"                      # and split (default "dev"), templates (default all)
    products = 4                        # how many, or a list of names, or the name of a list in [lists]
    distances = ["skin", "workflow"]    # of which distance; as many of each as can be (default: any)
    warmup = 0                          # so many training products of the family come first, whatever the order; those that
                                        # the plan's recipes were baked on, where it has recipes
    episodes = 12                       # per product
    order = "blocked"                   # product after product; or "mixed"
    feedback = "outcome"                # none | outcome | checks | shown
    practice_steps = 60                 # per product
    carry = true                        # false: one stream per product, each with an empty memory

    [[streams.exams]]
    at = ["start", "end"]               # numbers of episodes, "start", "end" or "product" (after each product)
    on = "unseen"                       # or "same": new data in the products of the stream
    split = "dev"                       # of the unseen products (default: of the stream's); `distances` as above
    products = 2
    episodes = 4                        # per product

Instead of products a stream may list `tasks`, by id. Which products, their order and every task are drawn from the seed, the stream's
name and the repetition, and never from the agent: all agents get the same tasks in the same order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

from bakeoff.contest.apps import AppFile, find, is_app, plan_of
from bakeoff.contest.bakes import BakeFacts
from bakeoff.core import DISTANCES, FEEDBACK_LEVELS, SPLITS, Distance, Exam, Feedback, Split, Stream, TaskId, UsageError, names
from bakeoff.toml import Table, nearest, parse, read

Order = Literal["blocked", "mixed"]
ExamOn = Literal["same", "unseen"]
Memory = Literal["stream", "product", "episode"]


@dataclass(frozen=True, slots=True)
class AgentPlan:
    """`spec`: name or name:argument; `label`: unique in the plan, used everywhere else; `memory`: how long it lasts; `recipes`: paths of what is
    baked beforehand."""

    spec: str
    label: str
    memory: Memory = "stream"
    recipes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ExamPlan:
    """See the module's text. `at`: numbers of finished episodes or words."""

    name: str
    at: tuple[int | str, ...]
    on: ExamOn
    products: int
    episodes: int
    split: Split | None = None
    distances: tuple[Distance, ...] = ()


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """See the module's text. `products`: how many to draw, or names; `tasks` is not empty only where the plan lists tasks by id."""

    name: str
    environment: str
    family: str | None
    split: Split | None
    products: int | tuple[str, ...]
    templates: tuple[str, ...]
    episodes: int
    order: Order
    feedback: Feedback
    practice_steps: int
    carry: bool
    exams: tuple[ExamPlan, ...]
    tasks: tuple[str, ...]
    distances: tuple[Distance, ...] = ()
    warmup: int = 0


@dataclass(frozen=True, slots=True)
class Budgets:
    """`disk_bytes`: what trajectories may take; `max_steps`, `seconds`: override the limits of every task when not None; `silence`: seconds
    without a finished episode after which a worker counts as hung and is replaced."""

    disk_bytes: int = 2_000_000_000
    max_steps: int | None = None
    seconds: float | None = None
    silence: float = 1800.0


@dataclass(frozen=True, slots=True)
class Prices:
    """What things cost in `currency`: an hour of an expert, an hour of one processor, a million tokens in and out, and a failed job (a person
    does it instead). Assumptions, and printed."""

    currency: str = "USD"
    expert_hour: float = 40.0
    cpu_hour: float = 0.05
    million_tokens_in: float = 0.0
    million_tokens_out: float = 0.0
    failure: float = 0.0


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan as written. `source`: the TOML text; `workers`: how many processes work at once, which is no part of the plan's identity; `apps`:
    files of apps for environment `outside`; `bakes`: what was baked for it, by the recipe's path."""

    name: str
    seed: int
    repetitions: int
    agents: tuple[AgentPlan, ...]
    streams: tuple[StreamPlan, ...]
    budgets: Budgets = Budgets()
    prices: Prices = Prices()
    workers: int = 2
    source: str = field(default="", repr=False)
    path: str = ""
    apps: tuple[AppFile, ...] = ()
    bakes: tuple[tuple[str, BakeFacts], ...] = ()

    @property
    def recipes(self) -> tuple[str, ...]:
        """Everything that has to be baked beforehand."""
        return tuple(dict.fromkeys(path for agent in self.agents for path in agent.recipes))

    @property
    def environments(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(stream.environment for stream in self.streams))


@dataclass(frozen=True, slots=True)
class StreamRun:
    """A stream of the plan in one repetition, its tasks drawn."""

    environment: str
    repetition: int
    seed: int
    stream: Stream

    def to_dict(self) -> dict[str, Any]:
        stream = self.stream
        return {
            "name": stream.name,
            "environment": self.environment,
            "repetition": self.repetition,
            "seed": self.seed,
            "feedback": stream.feedback,
            "practice_steps": stream.practice_steps,
            "tasks": [str(task) for task in stream.tasks],
            "exams": [{"name": exam.name, "after": exam.after, "tasks": [str(task) for task in exam.tasks]} for exam in stream.exams],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> StreamRun:
        exams = tuple(Exam(exam["after"], tuple(map(TaskId.parse, exam["tasks"])), exam["name"]) for exam in data["exams"])
        tasks = tuple(map(TaskId.parse, data["tasks"]))
        stream = Stream(data["name"], tasks, data["feedback"], exams, data["practice_steps"])
        return cls(data["environment"], data["repetition"], data["seed"], stream)


@dataclass(frozen=True, slots=True)
class Item:
    """One episode to come: where it stands in its cell and in its product. Fields as in `schema.episodes`."""

    position: int
    kind: Literal["stream", "exam"]
    exam: str
    after: int
    task: TaskId
    attempt: int
    template_attempt: int
    product_order: int
    ends_product: bool


def items(stream: Stream) -> tuple[Item, ...]:
    """All episodes of a stream in order, exams at their points."""
    out: list[Item] = []
    products: dict[str, int] = {}
    attempts: dict[str, int] = {}
    last = {_product(task): index for index, task in enumerate(stream.tasks)}

    def examine(after: int) -> None:
        for exam in stream.exams:
            if exam.after == after:
                for task in exam.tasks:
                    out.append(Item(len(out), "exam", exam.name, after, task, 0, 0, products.get(_product(task), 0), False))

    for index, task in enumerate(stream.tasks):
        examine(index)
        product, template = _product(task), f"{_product(task)}/{task.template}"
        products.setdefault(product, len(products) + 1)
        attempts[product] = attempts.get(product, 0) + 1
        attempts[template] = attempts.get(template, 0) + 1
        out.append(
            Item(len(out), "stream", "", index, task, attempts[product], attempts[template], products[product], last[product] == index)
        )
    examine(len(stream.tasks))
    return tuple(out)


def _product(task: TaskId) -> str:
    return f"{task.product}@{task.version}"


# --- reading -----------------------------------------------------------------------------------------------------------------------


def read_plan(path: Path, *, tasks_file: Path | None = None) -> Plan:
    """Reads and checks a plan, or makes one of the file of an app; `tasks_file` replaces the products of its streams (one name a line, `#` begins a comment).

    Raises `UsageError` naming the file, the key and what to do: an unknown key, agent, environment or level, a value that does not fit.
    """
    top, source = read(Path(path), "plans are TOML files such as plans/default.toml")
    if is_app(top):
        source = plan_of(top)
        top = parse(source, str(path))
    plan = _plan(top, source, str(path))
    return plan if tasks_file is None else _with_tasks_file(plan, Path(tasks_file))


def parse_plan(source: str, path: str = "plan") -> Plan:
    """`read_plan` of a text; `path` is what errors call it."""
    return _plan(parse(source, path), source, path)


def _plan(top: Table, source: str, path: str) -> Plan:
    name = top.take("name", str)
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
        raise top.fail(f"'name' must be lower-case letters, digits and hyphens, not '{name}'")
    try:
        apps = find(top.texts("apps"), Path(path).parent)
    except UsageError as problem:
        raise top.fail(str(problem), "apps") from problem
    listed = top.table("lists")
    lists = {} if listed is None else {key: listed.texts(key) for key in listed.left()}
    plan = Plan(
        name=name,
        seed=top.number("seed", 0, 0),
        repetitions=top.number("repetitions", 1, 1),
        agents=_agents(top, Path(path).parent),
        streams=_streams(top, lists),
        budgets=_budgets(top.table("budgets") or Table({}, path, "[budgets]")),
        prices=_prices(top.table("prices") or Table({}, path, "[prices]")),
        workers=top.number("workers", 1, 2),
        source=source,
        path=path,
        apps=apps,
    )
    top.done()
    forgetful = next((agent for agent in plan.agents if agent.memory == "product"), None)
    mixed = next((stream for stream in plan.streams if stream.order == "mixed"), None)
    if forgetful and mixed:
        raise top.fail(
            f"agent '{forgetful.label}' forgets when a product begins, and stream '{mixed.name}' mixes its products; "
            'give the stream order = "blocked" or the agent memory = "stream"'
        )
    return plan


def _agents(top: Table, beside: Path) -> tuple[AgentPlan, ...]:
    known, out = names("agents"), list[AgentPlan]()
    for table in top.tables("agents", "agent", needed=True):
        spec = table.take("agent", str)
        if spec.partition(":")[0] not in known:
            raise table.fail(f"there is no agent '{spec}'{nearest(spec, known)}; there are {', '.join(known)}")
        memory = table.choice("memory", get_args(Memory), "stream")
        label = table.take("label", str, spec + {"stream": "", "product": ", fresh", "episode": ", no memory"}[memory])
        recipes = tuple(_recipe(table, given, beside) for given in table.texts("recipes"))
        if recipes and ":" in spec:
            raise table.fail("'recipes' say what it brings along: leave out what stands behind the colon", "agent")
        table.done()
        if any(label == other.label for other in out):
            raise table.fail(f"two agents are called '{label}'; give one of them another label")
        out.append(AgentPlan(spec, label, memory, recipes))
    if not out:
        raise top.fail("a plan needs at least one [[agents]] table")
    return tuple(out)


def _recipe(table: Table, given: str, beside: Path) -> str:
    for path in (beside / given, Path(given)):
        if path.is_file():
            return str(path)
    raise table.fail(f"there is no recipe '{given}', neither beside the plan nor in the current folder", "recipes")


def _streams(top: Table, lists: Mapping[str, tuple[str, ...]]) -> tuple[StreamPlan, ...]:
    out: list[StreamPlan] = []
    for table in top.tables("streams", "stream", needed=True):
        stream = _stream(table, lists)
        table.done()
        if stream.warmup and (not stream.carry or stream.order == "mixed"):
            raise table.fail("'warmup' products come first and are remembered: it needs carry = true and order = \"blocked\"")
        if any(stream.name == other.name for other in out):
            raise table.fail("another stream has this name; names are unique within a plan")
        out.append(stream)
    if not out:
        raise top.fail("a plan needs at least one [[streams]] table")
    return tuple(out)


def _stream(table: Table, lists: Mapping[str, tuple[str, ...]]) -> StreamPlan:
    name = table.take("name", str)
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
        raise table.fail("'name' must be lower-case letters, digits and hyphens")
    tasks = table.texts("tasks")
    environment = table.choice("environment", names("environments"), TaskId.parse(tasks[0]).environment if tasks else ...)
    if tasks:
        for key in ("products", "episodes", "templates", "family", "split", "distances", "warmup"):
            if table.take(key, (int, str, list), None) is not None:
                raise table.fail(f"give either 'tasks' or '{key}', not both")
        foreign = [task for task in tasks if TaskId.parse(task).environment != environment]
        if foreign:
            raise table.fail(f"task '{foreign[0]}' is not of environment '{environment}'; a stream stays in one environment")
    products: int | tuple[str, ...] = 0
    split: Split | None = None
    if not tasks:
        wanted = table.take("products", (int, str, list))
        if isinstance(wanted, str):
            if wanted not in lists:
                raise table.fail(f"there is no list '{wanted}' in [lists]{nearest(wanted, list(lists))}")
            products = lists[wanted]
        elif isinstance(wanted, list):
            products = tuple(map(str, wanted))
        else:
            products = wanted
        if not products or (isinstance(products, int) and products < 1):
            raise table.fail("'products' must name at least one product")
        split = table.choice("split", SPLITS, "dev" if isinstance(products, int) else None)
    distances = () if tasks else table.choices("distances", DISTANCES)
    if distances and not isinstance(products, int):
        raise table.fail("'distances' says which products to draw, and 'products' names them; give a number of products")
    return StreamPlan(
        name=name,
        environment=environment,
        family=None if tasks else table.take("family", str, None),
        split=split,
        products=products,
        templates=() if tasks else table.texts("templates"),
        episodes=0 if tasks else table.number("episodes", 1),
        order=table.choice("order", get_args(Order), "blocked"),
        feedback=table.choice("feedback", FEEDBACK_LEVELS, "outcome"),
        practice_steps=table.number("practice_steps", 0, 0),
        carry=table.take("carry", bool, True),
        exams=_exams(table),
        tasks=tasks,
        distances=distances,
        warmup=0 if tasks else table.number("warmup", 0, 0),
    )


def _exams(stream: Table) -> tuple[ExamPlan, ...]:
    out: list[ExamPlan] = []
    for table in stream.tables("exams", "exam"):
        at = table.take("at", list)
        for point in at:
            if not (isinstance(point, int) and not isinstance(point, bool) and point >= 0) and point not in ("start", "end", "product"):
                raise table.fail(f"'at' takes numbers of episodes, 'start', 'end' or 'product', not {point!r}")
        on = table.choice("on", get_args(ExamOn), "same")
        exam = ExamPlan(
            name=table.take("name", str, on),
            at=tuple(at),
            on=on,
            products=table.number("products", 1, 1),
            episodes=table.number("episodes", 1, 1),
            split=table.choice("split", SPLITS, None),
            distances=table.choices("distances", DISTANCES),
        )
        table.done()
        if on == "same" and (exam.split or exam.distances):
            raise table.fail("'split' and 'distances' choose unseen products; add on = \"unseen\"")
        if not exam.at:
            raise table.fail("'at' needs at least one point")
        if any(exam.name == other.name for other in out):
            raise table.fail(f"two exams are called '{exam.name}'; name them apart")
        out.append(exam)
    return tuple(out)


_SIZES = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


def _budgets(table: Table) -> Budgets:
    disk = table.take("disk", (int, str), Budgets().disk_bytes)
    if isinstance(disk, str):
        match = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(KB|MB|GB|TB)\s*", disk, re.IGNORECASE)
        if match is None:
            raise table.fail(f"'disk' must be a number of bytes or a text such as \"2 GB\", not '{disk}'")
        disk = int(float(match[1]) * _SIZES[match[2].upper()])
    seconds = table.take("seconds", (int, float), None)
    silence = table.take("silence", (int, float), Budgets().silence)
    for key, value in (("seconds", seconds), ("silence", silence)):
        if value is not None and value <= 0:
            raise table.fail(f"'{key}' must be above 0, not {value}")
    budgets = Budgets(disk, table.number("max_steps", 1, None), seconds, float(silence))
    table.done()
    return budgets


def _prices(table: Table) -> Prices:
    usual = Prices()
    amounts = {
        key: float(table.take(key, (int, float), getattr(usual, key)))
        for key in ("expert_hour", "cpu_hour", "million_tokens_in", "million_tokens_out", "failure")
    }
    prices = Prices(table.take("currency", str, usual.currency), **amounts)
    table.done()
    if min(amounts.values()) < 0:
        raise table.fail("prices cannot be negative")
    return prices


def _with_tasks_file(plan: Plan, path: Path) -> Plan:
    try:
        lines = path.read_text().splitlines()
    except OSError as problem:
        raise UsageError(f"cannot read the list of tasks {path}: {problem.strerror}") from problem
    wanted = tuple(dict.fromkeys(line.partition("#")[0].strip() for line in lines if line.partition("#")[0].strip()))
    if not wanted:
        raise UsageError(f"{path} names no task; write one name a line")
    if len(plan.environments) > 1:
        raise UsageError(f"--tasks needs a plan of one environment, and {plan.path} has {', '.join(plan.environments)}")
    streams = tuple(replace(stream, products=wanted, split=None, tasks=()) for stream in plan.streams if not stream.tasks)
    if not streams:
        raise UsageError(f"--tasks replaces products, and the streams of {plan.path} list tasks by id")
    return replace(plan, streams=streams)
