"""How a policy takes part in an episode: what it reads of an observation, and what its tokens mean there. One voice for each kind of network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from bakeoff.agents.baked.kinds import AnyGrammar, eyes
from bakeoff.core import Action, Observation


class Talk(Protocol):
    """One episode: `see`, then `read` what was drawn (or `write` what an expert did, and `read` it), in turn."""

    def see(self, seen: Observation) -> Any:
        """The prompt for this moment."""
        ...

    def write(self, action: Action) -> tuple[int, ...] | None:
        """The tokens that say this action on the screen last seen; None where the policy cannot say it."""
        ...

    def read(self, tokens: Sequence[int]) -> Action:
        """The action that tokens mean on the screen last seen. The episode goes on from it."""
        ...

    def follow(self, action: Action) -> None:
        """Goes on from an action that the policy cannot say."""
        ...


class Voice(Protocol):
    """Attributes:
    together: how many episodes it pays to play side by side.
    longest, stop: most tokens of an action, and those that end one; 0 and none where an action ends by itself.
    """

    together: int
    longest: int
    stop: tuple[int, ...]

    def begin(self) -> Talk: ...


class Pointing:
    """The voice of the small policies: prompts are what their eyes make of a screen, tokens point at what is there."""

    together: int = 1
    longest: int = 0
    stop: tuple[int, ...] = ()

    def __init__(self, grammar: AnyGrammar) -> None:
        self.grammar = grammar

    def begin(self) -> Talk:
        return PointingTalk(self.grammar)


class PointingTalk:
    """See `Talk`."""

    def __init__(self, grammar: AnyGrammar) -> None:
        self._grammar: Any = grammar
        self._eyes = eyes(grammar)
        self._seen: Observation | None = None
        self._prompt: Any = None

    def see(self, seen: Observation) -> Any:
        self._seen, self._prompt = seen, self._eyes.look(seen)
        return self._prompt

    def write(self, action: Action) -> tuple[int, ...] | None:
        found: tuple[int, ...] | None = self._grammar.write(action, self._prompt)
        return found

    def read(self, tokens: Sequence[int]) -> Action:
        action: Action = self._grammar.read(tokens, self._prompt)
        self.follow(action)
        return action

    def follow(self, action: Action) -> None:
        assert self._seen is not None
        self._eyes.did(action, self._seen)
