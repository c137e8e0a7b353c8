"""Training examples from expert data: every action of every demonstration, with the screen it was done on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from bakeoff.agents.baked.actions import Grammar, missing_words
from bakeoff.agents.baked.deskwork import DeskGrammar
from bakeoff.agents.baked.kinds import AnyGrammar, PageEyes, has_desk
from bakeoff.agents.baked.screen import Screen
from bakeoff.agents.baked.voice import Voice
from bakeoff.core import Action, Tool, Trajectory
from bakeoff.training.protocol import Datum

RARE = 2
"""Words that fewer demonstrations need are not taken into the lexicon: they would be learned by heart."""


@dataclass(slots=True)
class Examples:
    """What imitation learns from.

    Attributes:
        data: one datum for each action that the grammar can say.
        tasks: the task id behind each datum.
        grammar: tools, and the lexicon of these demonstrations; None where the policy is a language model.
        unsaid: how many actions could not be said.
    """

    data: list[Datum]
    tasks: list[str]
    grammar: AnyGrammar | None
    unsaid: int = 0
    faults: Counter[str] = field(default_factory=Counter)


def moments(trajectory: Trajectory) -> Iterable[tuple[Screen, Action]]:
    """Screens as the policy would have seen them, with what was done there."""
    seen, eyes = trajectory.first, PageEyes()
    for step in trajectory.steps:
        yield eyes.look(seen), step.action
        eyes.did(step.action, seen)
        seen = step.observation


def examples(demos: Sequence[Trajectory], tools: Sequence[Tool], grammar: AnyGrammar | None = None) -> Examples:
    """All examples of some demonstrations; with a grammar, in its words, else with a lexicon made from them."""
    if isinstance(grammar, DeskGrammar) or (grammar is None and has_desk(tools)):
        from bakeoff.training.workbooks import desk_examples

        return desk_examples(demos, tools, grammar)
    all_moments: list[tuple[str, Screen, Action]] = []
    needed: Counter[str] = Counter()
    for demo in demos:
        words: set[str] = set()
        for (screen, action), seen in zip(moments(demo), (demo.first, *(step.observation for step in demo.steps)), strict=False):
            all_moments.append((str(demo.task.id), screen, action))
            words.update(missing_words(action, seen, screen))
        needed.update(words)
    if grammar is None:
        grammar = Grammar.of(tools, tuple(sorted(word for word, count in needed.items() if count >= RARE)))
        grammar = replace(grammar, roles=_roles(grammar, ((screen, action) for _, screen, action in all_moments)))
    found = Examples([], [], grammar)
    for task, screen, action in all_moments:
        ids = grammar.write(action, screen)
        if ids is None:
            found.unsaid += 1
            found.faults[action.tool] += 1
            continue
        found.data.append(Datum(screen, ids, {"weights": np.ones(len(ids))}))
        found.tasks.append(task)
    return found


def _roles(grammar: Grammar, done: Iterable[tuple[Screen, Action]]) -> tuple[tuple[int, ...], ...]:
    """Of each tool, the roles of what it was used on."""
    found: list[set[int]] = [set() for _ in grammar.tools]
    for screen, action in done:
        ref = action.arguments.get("ref")
        if action.tool in grammar.tools and ref in screen.refs:
            found[grammar.tools.index(action.tool)].add(int(screen.roles[screen.refs.index(ref)]))
    return tuple(tuple(sorted(roles)) for roles in found)


def spoken(demos: Sequence[Trajectory], voice: Voice) -> Examples:
    """All examples of some demonstrations, as a voice says them that needs no lexicon."""
    found = Examples([], [], None)
    for demo in demos:
        talk, seen = voice.begin(), demo.first
        for step in demo.steps:
            prompt, ids = talk.see(seen), talk.write(step.action)
            if ids is None:
                found.unsaid += 1
                found.faults[step.action.tool] += 1
                talk.follow(step.action)
            else:
                found.data.append(Datum(prompt, ids, {"weights": np.ones(len(ids))}))
                found.tasks.append(str(demo.task.id))
                talk.read(ids)
            seen = step.observation
    return found
