"""Jobs for the trainers of TRL: `as_trl(...)` gives the triple that `GRPOTrainer` takes, `train_dataset`, `environment_factory`, `reward_funcs`.

    from bakeoff.bridges.trl import as_trl

    jobs = as_trl(environment="browser", family="crm", products=30, n=256)
    trainer = GRPOTrainer(model, args=config, train_dataset=jobs.train_dataset,
                          environment_factory=jobs.environment_factory, reward_funcs=jobs.reward_funcs)
    trainer.train()
    jobs.close()

A row names a task; the environment's tools become the methods of an object that TRL resets for each rollout, and what a call returns is the
screen after it. Only products of the training split are given. The reward is 1 for a verdict of complete success and 0 for any other; where there
is no verdict, through a fault of ours, it is None, and TRL leaves such a rollout out of its group's mean and of the loss. Written for TRL 1.16,
whose environments are still called experimental (extra `trl`).
"""

from __future__ import annotations

import contextlib
import inspect
import itertools
import json
import keyword
import weakref
from collections.abc import Callable, Sequence
from typing import Any

from bakeoff.agents.llm.screen import shown
from bakeoff.contest.host import HostedEnvironment
from bakeoff.core import Abstained, Action, ActionError, EnvironmentFault, Observation, Scored, Task, Tool, UsageError
from bakeoff.experts.collect import Wanted, draw, training_products
from bakeoff.experts.item import EXPERT_SEEDS

FIRST_SEED = 2 * EXPERT_SEEDS
"""Seeds of tasks for reinforcement learning begin here, as in our own baking: neither the contest nor an expert has them."""

ROLE = (
    "Do the job below with the tools, one call at a time; after each call you see the screen. Elements are named by the handle in brackets."
)

_TYPES: dict[str, type] = {"string": str, "integer": int, "number": float, "boolean": bool, "array": list, "object": dict}


class Jobs:
    """What `as_trl` gives.

    Attributes:
        train_dataset: `datasets.Dataset` with `prompt` (a conversation that ends with the instruction) and `task` (a task id).
        environment_factory: makes one environment; TRL pools and resets them. Each has a process of its own, started at its first reset.
        reward_funcs: one function, `verified_outcome`: 1.0, 0.0 or None for each rollout.
        abstentions: rollouts that were not judged so far, with their reasons.
    """

    def __init__(self, environment: str, tasks: Sequence[Task], tools: tuple[Tool, ...], steps: int, screen: int) -> None:
        try:
            from datasets import Dataset
        except ModuleNotFoundError as missing:
            raise UsageError(
                f"the bridge to TRL needs the Python package '{missing.name}'; install it with pip install 'bakeoff[trl]'"
            ) from missing
        self.abstentions: list[str] = []
        self._open: weakref.WeakSet[_Workplace] = weakref.WeakSet()
        by_id = {str(task.id): task.with_limits(steps=min(steps, task.limits.steps)) for task in tasks}
        self.train_dataset = Dataset.from_list(
            [
                {"prompt": [{"role": "system", "content": ROLE}, {"role": "user", "content": task.instruction}], "task": name}
                for name, task in by_id.items()
            ]
        )
        kind = _workplace(tools)

        def environment_factory() -> _Workplace:
            made: _Workplace = kind(environment, by_id, screen)
            self._open.add(made)
            return made

        def verified_outcome(environments: Sequence[Any], log_metric: Any = None, **_: Any) -> list[float | None]:
            rewards = [one._reward() for one in environments]
            self.abstentions += [one._fault for one in environments if one._fault]
            if log_metric is not None:
                log_metric("abstained", sum(reward is None for reward in rewards) / max(len(rewards), 1))
            return rewards

        self.environment_factory: Callable[[], Any] = environment_factory
        self.reward_funcs: list[Callable[..., list[float | None]]] = [verified_outcome]

    def close(self) -> None:
        """Ends the environments' processes. Safe to call twice."""
        for one in list(self._open):
            one._close()

    def __enter__(self) -> Jobs:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def as_trl(
    *,
    environment: str = "browser",
    family: str | None = None,
    products: int | Sequence[str] = 0,
    templates: Sequence[str] = (),
    n: int = 64,
    first: int = 0,
    max_steps: int = 40,
    screen_tokens: int = 1000,
    suffix: str = "",
) -> Jobs:
    """The jobs as TRL takes them.

    Args:
        environment: by name.
        family: one job family; None for all.
        products: how many training products, the first of the catalogue (0 for all), or the names of some.
        templates: these task templates; none for all.
        n: how many tasks. They are spread evenly over products and templates, and a larger number contains the smaller one.
        first: how many tasks to pass over, so that a second data set shares none with the first.
        max_steps: actions in one rollout at most. Let `GRPOConfig(max_tool_calling_iterations=...)` be no less.
        screen_tokens: about how long a screen may be. All screens of a rollout count towards `GRPOConfig(max_completion_length=...)`.
        suffix: these variants of the products, e.g. `-loophole`: the reward stays the verdict, and a loophole is there to be found.
    Raises `UsageError` for a development or sealed product, an unknown name, or without TRL's packages; `EnvironmentFault` when the environment
    cannot be started.
    """
    named = () if isinstance(products, int) else tuple(products)
    if max_steps < 1 or screen_tokens < 50 or first < 0:
        raise UsageError("as_trl needs max_steps of at least 1, screen_tokens of at least 50 and first of at least 0")
    wanted = Wanted(
        environment, n, family or "", products if isinstance(products, int) else 0, named, tuple(templates), first=FIRST_SEED, suffix=suffix
    )
    host = HostedEnvironment(environment)
    try:
        ids = itertools.islice(draw(training_products(host, wanted), wanted), first, first + n)
        tasks = [host.task(task_id) for task_id in ids]
        assert all(task.split == "train" for task in tasks)
        return Jobs(environment, tasks, host.tools, max_steps, screen_tokens)
    finally:
        host.close()


class _Workplace:
    """One environment as TRL sees it. A subclass has a method for each tool. What is not `reset` or a tool begins with an underscore, because TRL
    takes every other method for a tool."""

    def __init__(self, environment: str, tasks: dict[str, Task], screen: int) -> None:
        self._environment, self._tasks, self._screen = environment, tasks, screen
        self._host: HostedEnvironment | None = None
        self._seen: Observation | None = None
        self._fault = ""
        self._rewarded: float | None = None
        self._judged = False

    def reset(self, task: str, **_: Any) -> str:
        """Opens a fresh copy of the task's product; returns the screen, which TRL puts below the instruction."""
        job = self._tasks[task]
        self._seen, self._fault, self._rewarded, self._judged = None, "", None, False
        for last in (False, True):
            try:
                self._seen = self._living().reset(job)
                break
            except EnvironmentFault as fault:
                if last or not fault.retryable:
                    self._fault = fault.reason
                    return "\n\nThe software does not answer."
        assert self._seen is not None
        own = "" if self._seen.goal == job.instruction else f"\n\n{self._seen.goal}"
        return f"{own}\n\n{shown(self._seen, self._screen)}"

    def _living(self) -> HostedEnvironment:
        if self._host is None or not self._host.alive:
            self._close()
            self._host = HostedEnvironment(self._environment)
        return self._host

    def _do(self, tool: str, arguments: dict[str, Any]) -> str:
        if self._fault or self._seen is None or self._host is None:
            raise EnvironmentFault("the software does not answer")
        if self._seen.done:
            raise ActionError("the job has ended; no further call is possible")
        try:
            self._seen = self._host.step(Action(tool, arguments))
        except EnvironmentFault as fault:
            self._fault = fault.reason
            raise
        if self._seen.done:
            return "The job has ended."
        if self._seen.error:
            raise ActionError(self._seen.error)  # TRL shows the text and counts a failed call
        return shown(self._seen, self._screen)

    def _reward(self) -> float | None:
        """1.0, 0.0, or None when it cannot be said. Judged once, when the rollout is over."""
        if not self._judged and not self._fault and self._seen is not None and self._host is not None:
            try:
                verdict = self._host.verify()
            except EnvironmentFault as fault:
                self._fault = fault.reason
            else:
                if isinstance(verdict, Scored):
                    self._rewarded = float(verdict.passed)
                elif isinstance(verdict, Abstained):
                    self._fault = verdict.reason
        self._judged = True
        return None if self._fault else self._rewarded

    def _close(self) -> None:
        if self._host is not None:
            self._host.close()
            self._host = None

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self._close()


def _workplace(tools: Sequence[Tool]) -> Any:
    """A subclass with a method for each tool, typed and documented in the way from which TRL makes its JSON Schemas."""
    members: dict[str, Any] = {}
    for tool in tools:
        if (
            not tool.name.isidentifier()
            or keyword.iskeyword(tool.name)
            or tool.name.startswith("_")
            or tool.name in ("reset", "get_reward")
        ):
            raise UsageError(f"the tool '{tool.name}' cannot become a method, which is what TRL calls")
        members[tool.name] = _method(tool)
    return type("Workplace", (_Workplace,), members)


def _method(tool: Tool) -> Callable[..., str]:
    properties: dict[str, Any] = dict(tool.parameters.get("properties", {}))
    required = tool.parameters.get("required", ())
    ordered = sorted(properties, key=lambda name: name not in required)  # stable: those without a default first

    def call(self: _Workplace, *given: Any, **named: Any) -> str:
        arguments = {**dict(zip(ordered, given, strict=False)), **named}
        return self._do(tool.name, {name: value for name, value in arguments.items() if value is not None or name in required})

    kinds = {name: _TYPES[properties[name].get("type", "string")] for name in ordered}
    plain = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = [
        inspect.Parameter(name, plain, annotation=kinds[name], default=inspect.Parameter.empty if name in required else None)
        for name in ordered
    ]
    call.__name__ = call.__qualname__ = tool.name
    call.__annotations__ = {**kinds, "return": str}
    call.__signature__ = inspect.Signature([inspect.Parameter("self", plain), *parameters], return_annotation=str)  # type: ignore[attr-defined]
    lines = [tool.description, ""]
    if ordered:
        lines += ["Args:", *(f"    {name}: {_about(properties[name])}" for name in ordered), ""]
    call.__doc__ = "\n".join([*lines, "Returns:", "    The screen after it."])
    return call


def _about(schema: dict[str, Any]) -> str:
    text = str(schema.get("description", "see the tool"))
    return f"{text} (choices: {json.dumps(list(schema['enum']))})" if "enum" in schema else text
