"""Actions as tokens and back. A token is a choice among what its slot offers: a tool, an element, an option, a piece of text, a key, a distance.

    tool [element] [option | text pieces … end | element | key | distance]

What a slot offers depends on the screen, so that a token means something beside its prompt alone; the network and this module agree on the order:
elements as `Screen.refs`, options as `Screen.options`, text as end, lexicon, pieces of the instruction, names of elements.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from bakeoff.agents.baked.screen import Screen
from bakeoff.agents.baked.words import join, tokens
from bakeoff.core import Action, Observation, Tool

Slot = Literal["tool", "element", "option", "text", "key", "distance"]
KEYS = ("Enter", "Tab", "Escape", "ArrowDown", "ArrowUp", "Space", "Backspace")
DISTANCES = (-400, 400)
LONGEST_TEXT = 16
"""Pieces of a text, its end included."""

_DIVIDERS = (",", ";")

_SLOT_OF: Mapping[str, Slot] = {
    "ref": "element",
    "to": "element",
    "option": "option",
    "text": "text",
    "answer": "text",
    "key": "key",
    "dy": "distance",
}


@dataclass(frozen=True, slots=True)
class Grammar:
    """Which slots each tool has, and the lexicon of texts that are known beforehand.

    Attributes:
        tools: names of the tools that can be expressed, in their published order.
        arguments: of each, the names of its arguments in the order of their slots.
        lexicon: texts that demonstrations contained and neither instruction nor screen did.
        roles: of each tool, the roles (hashed, see `Screen.roles`) of what demonstrations used it on; empty where none is known.
    """

    tools: tuple[str, ...]
    arguments: tuple[tuple[str, ...], ...]
    lexicon: tuple[str, ...] = ()
    roles: tuple[tuple[int, ...], ...] = ()

    @classmethod
    def of(cls, tools: Sequence[Tool], lexicon: tuple[str, ...] = ()) -> Grammar:
        """The grammar of published tools; a tool with an argument of an unknown kind is left out."""
        kept = [tool for tool in tools if all(name in _SLOT_OF for name in tool.parameters.get("properties", {}))]
        arguments = tuple(tuple(tool.parameters.get("properties", {})) for tool in kept)
        return cls(tuple(tool.name for tool in kept), arguments, lexicon)

    def slots(self, tool: int) -> tuple[Slot, ...]:
        """What follows the tool."""
        return tuple(_SLOT_OF[name] for name in self.arguments[tool])

    def to_dict(self) -> dict[str, Any]:
        return {
            "tools": list(self.tools),
            "arguments": [list(names) for names in self.arguments],
            "lexicon": list(self.lexicon),
            "roles": [list(roles) for roles in self.roles],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Grammar:
        return cls(
            tuple(data["tools"]),
            tuple(tuple(names) for names in data["arguments"]),
            tuple(data["lexicon"]),
            tuple(tuple(roles) for roles in data.get("roles", ())),
        )

    def text_choices(self, screen: Screen) -> tuple[str, ...]:
        """What a text slot offers, in order; the first is the end of the text."""
        return ("", *self.lexicon, *screen.pieces, *screen.names)

    def write(self, action: Action, screen: Screen) -> tuple[int, ...] | None:
        """The tokens of an action; None where they cannot say it (an element that is not looked at, a text that nothing offers)."""
        if action.tool not in self.tools:
            return None
        tool = self.tools.index(action.tool)
        out = [tool]
        at = 0
        for name, slot in zip(self.arguments[tool], self.slots(tool), strict=True):
            given = action.arguments.get(name, "")
            if slot == "element":
                if given not in screen.refs:
                    return None
                at = screen.refs.index(given)
                out.append(at)
            elif slot == "option":
                if given not in screen.options[at]:
                    return None
                out.append(screen.options[at].index(given))
            elif slot == "key" or slot == "distance":
                offered: tuple[Any, ...] = KEYS if slot == "key" else DISTANCES
                if given not in offered:
                    return None
                out.append(offered.index(given))
            else:
                written = self._text(str(given), screen)
                if written is None:
                    return None
                out += written
        return tuple(out)

    def _text(self, text: str, screen: Screen) -> list[int] | None:
        """Part by part, the parts being what commas divide: from the instruction where a part can be had there in one run, else as a whole from the
        lexicon or the screen, else word by word. Always in this order, so that like texts are said in like ways."""
        if not text:
            return [0]
        choices = self.text_choices(screen)
        words = len(self.lexicon) + 1
        whole = _run(text, screen)
        out = None if whole is None else [words + at for at in whole]
        if out is None:
            place = {choice: at for at, choice in reversed(list(enumerate(choices))) if at}
            out = []
            for part in _parts(text):
                run = _run(part, screen) if part not in _DIVIDERS else None
                if run is not None:
                    out += [words + at for at in run]
                elif part in place:
                    out.append(place[part])
                else:
                    found = [place.get(token) for token in tokens(part)]
                    if None in found:
                        return None
                    out += [at for at in found if at is not None]
        if len(out) >= LONGEST_TEXT or join(tuple(choices[at] for at in out)) != text:
            return None
        return [*out, 0]

    def read(self, ids: Sequence[int], screen: Screen) -> Action:
        """The action that tokens say. Raises `IndexError` for tokens that fit another screen."""
        tool = ids[0]
        arguments: dict[str, Any] = {}
        rest = list(ids[1:])
        at = 0
        for name, slot in zip(self.arguments[tool], self.slots(tool), strict=True):
            if slot == "element":
                at = rest.pop(0)
                arguments[name] = screen.refs[at]
            elif slot == "option":
                arguments[name] = screen.options[at][rest.pop(0)]
            elif slot == "key":
                arguments[name] = KEYS[rest.pop(0)]
            elif slot == "distance":
                arguments[name] = DISTANCES[rest.pop(0)]
            else:
                choices = self.text_choices(screen)
                said: list[str] = []
                while rest and rest[0] != 0:
                    said.append(choices[rest.pop(0)])
                if rest:
                    rest.pop(0)
                arguments[name] = join(tuple(said))
        if arguments.get("answer") == "":
            del arguments["answer"]
        return Action(self.tools[tool], arguments)


def _parts(text: str) -> list[str]:
    """What commas and semicolons divide, and they themselves."""
    return [part.strip() for part in re.split(r"([,;])", text) if part.strip()]


def _run(text: str, screen: Screen) -> list[int] | None:
    """Places of a text in the instruction: one piece, or the first run of pieces as they stand that makes it; None where there is none."""
    if text in screen.pieces:
        return [screen.pieces.index(text)]
    plain = [at for at, way in enumerate(screen.piece_ways) if way == 0]
    wanted = tokens(text)
    for start in range(len(plain) - len(wanted) + 1):
        run = plain[start : start + len(wanted)]
        if all(screen.pieces[at] == word for at, word in zip(run, wanted, strict=True)):
            return run
    return None


def missing_words(action: Action, seen: Observation, screen: Screen) -> tuple[str, ...]:
    """Parts of an action's text that neither the instruction nor the screen offers: what a lexicon would have to hold. Commas that divide are among them."""
    text = str(action.arguments.get("text", action.arguments.get("answer", "")))
    if not text or text in screen.names or _run(text, screen) is not None:
        return ()
    return tuple(part for part in _parts(text) if part in _DIVIDERS or (part not in screen.names and _run(part, screen) is None))
