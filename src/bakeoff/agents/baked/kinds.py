"""Which small policy fits which tools: pages that are clicked, or workbooks that are written in. All else speaks with grammars and eyes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from bakeoff.agents.baked.actions import Grammar
from bakeoff.agents.baked.deskwork import DeskGrammar
from bakeoff.agents.baked.screen import Done, Screen, done, look
from bakeoff.agents.baked.workbook import Eyes as DeskEyes
from bakeoff.core import Action, Observation, Tool

AnyGrammar = Grammar | DeskGrammar
KINDS = ("pointer", "workbook")
"""Networks of the small policies."""


class Eyes(Protocol):
    """Makes prompts of what is seen in one episode."""

    def look(self, seen: Observation) -> Any:
        """The prompt for this moment."""
        ...

    def did(self, action: Action, seen: Observation) -> None:
        """Remembers an action on a screen."""
        ...


class PageEyes:
    """Looks at pages: each screen by itself, with the latest actions."""

    def __init__(self) -> None:
        self._past: tuple[Done, ...] = ()

    def look(self, seen: Observation) -> Screen:
        return look(seen, self._past)

    def did(self, action: Action, seen: Observation) -> None:
        self._past = (*self._past, done(action, seen))


def has_desk(tools: Sequence[Tool]) -> bool:
    """Whether these are tools of a workbook: formulas are written and filled."""
    return len(DeskGrammar.of(tools).tools) > 3


def eyes(grammar: AnyGrammar) -> Eyes:
    """Eyes for one episode."""
    return DeskEyes() if isinstance(grammar, DeskGrammar) else PageEyes()


def network_of(grammar: AnyGrammar) -> str:
    """The kind of network that speaks a grammar."""
    return "workbook" if isinstance(grammar, DeskGrammar) else "pointer"


def policy(description: Mapping[str, Any]) -> Any:
    """A network of one of the small policies, with fresh weights. Raises `KeyError` for another kind."""
    from bakeoff.agents.baked.desk_network import WorkbookPolicy
    from bakeoff.agents.baked.network import PointerPolicy

    kinds: dict[str, Any] = {"pointer": PointerPolicy, "workbook": WorkbookPolicy}
    return kinds[description["network"]].build(description)
