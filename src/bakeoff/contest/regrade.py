"""Judges past episodes again from their stored artefacts, with today's verifier. Older verdicts stay; the newest one counts."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from bakeoff.contest.apps import announce_of
from bakeoff.contest.host import HostedEnvironment
from bakeoff.contest.prepare import prepare
from bakeoff.contest.store import Episode, Store
from bakeoff.core import Abstained, Scored, TaskId, Verdict


@dataclass(frozen=True, slots=True)
class Change:
    """A verdict that came out otherwise. `stored`: it is now the newest edition."""

    episode: Episode
    before: Verdict
    after: Verdict


@dataclass(frozen=True, slots=True)
class Regraded:
    """`judged`: episodes with artefacts; `skipped`: those without (abstained, or the agent's own error); `changes`: new verdicts stored."""

    judged: int
    skipped: int
    changes: tuple[Change, ...]


def regrade(store: Store, progress: Callable[[int, int], None] = lambda done, total: None, *, keep: bool = True) -> Regraded:
    """Judges every episode that has artefacts. A verdict that differs in value, checks or kind becomes a new edition (unless not `keep`).

    Raises `UsageError` when an environment or a task is gone, `EnvironmentFault` when a verifier cannot run: then nothing more is changed.
    """
    announce_of(store)
    episodes = store.episodes()
    for environment in dict.fromkeys(episode.environment for episode in episodes):
        prepare(environment, {TaskId.parse(item.task_id).product for item in episodes if item.environment == environment})
    judged = skipped = 0
    changes: list[Change] = []
    with contextlib.ExitStack() as stack:
        hosts: dict[str, HostedEnvironment] = {}
        for number, episode in enumerate(episodes):
            progress(number, len(episodes))
            artefacts = store.artefacts(episode)
            if artefacts is None:
                skipped += 1
                continue
            name = episode.environment
            if name not in hosts:
                hosts[name] = stack.enter_context(contextlib.closing(HostedEnvironment(name)))
            task = hosts[name].task(TaskId.parse(episode.task_id))
            after, before = hosts[name].regrade(task, artefacts), store.verdict_history(episode.id)[-1]
            judged += 1
            if _essence(after) != _essence(before):
                changes.append(Change(episode, before, after))
                if keep:
                    store.add_verdict(episode.id, after)
        progress(len(episodes), len(episodes))
    return Regraded(judged, skipped, tuple(changes))


def _essence(verdict: Verdict) -> object:
    """What must be equal for two verdicts to say the same: score and checks, not their wording."""
    if isinstance(verdict, Scored):
        return verdict.value, tuple((check.name, check.passed) for check in verdict.checks)
    return Abstained


def describe(verdict: Verdict) -> str:
    """A verdict in a few words."""
    if isinstance(verdict, Abstained):
        return f"abstained ({verdict.reason})"
    failed = ", ".join(verdict.failed_checks)
    return f"{verdict.value:g}" + (f" (failed: {failed})" if failed else "")
