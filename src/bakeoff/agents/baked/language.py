"""The voice of a language model: a conversation in token ids. Screens become short lines, actions are one line of words, with a reason before it.

    <|im_start|>system … <|im_end|>  <|im_start|>user  goal and screen <|im_end|>  <|im_start|>assistant  reason, call <|im_end|>  <|im_start|>user  screen …

The ids of a conversation only ever grow: what was drawn stays as it was drawn and is never written out and read in again, so that a prompt always
begins with the prompt before it. A call is a tool's name and its arguments in their published order, `type e4 Acme`; the last argument is the rest of
the line. What cannot be read as a call is handed on as it is, costs a step, and the environment says what was wrong.

Screens are shortened to what a model of this size can read: what can be acted upon, and what says words of the goal, come first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bakeoff.agents.baked.voice import Talk
from bakeoff.agents.baked.words import plain_words
from bakeoff.core import Action, Element, Observation, Tool

START, END = 1, 2
"""Ids of `<|im_start|>` and `<|im_end|>` in SmolLM2's vocabulary."""

LINES, LETTERS, OPTIONS = 28, 48, 12
"""Most lines of a screen, letters of a text in it, options of a choice."""
ROOM = 1400
"""Tokens of a conversation after which it begins anew, with what was done so far in one line each."""

_TOLD = ("checked", "selected", "expanded", "collapsed", "disabled", "invalid", "pressed")
_IDLE = frozenset(
    {"text", "generic", "img", "cell", "row", "columnheader", "heading", "shape", "tablist", "tabpanel", "list", "listitem", "dialog"}
)


class Speaking:
    """The voice of a language model. `tools`: those that the environment publishes; `tokenizer`: has `encode` and `decode`, as in `tokenizers`."""

    longest: int = 40
    stop: tuple[int, ...] = (END,)

    def __init__(self, tools: tuple[Tool, ...], tokenizer: Any, together: int = 8) -> None:
        self.tools = {tool.name: tool for tool in tools}
        self.together = together
        self._tokenizer = tokenizer
        calls = "\n".join(" ".join((tool.name, *_arguments(tool))) for tool in tools)
        self.opening = self.said("system", f"Work on the screen. Say why, then give one call:\n{calls}")

    def begin(self) -> Talk:
        return Conversation(self)

    def ids(self, text: str) -> list[int]:
        found: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return found

    def text(self, ids: Sequence[int]) -> str:
        found: str = self._tokenizer.decode(list(ids), skip_special_tokens=True)
        return found

    def said(self, role: str, text: str) -> list[int]:
        """A whole message."""
        return [START, *self.ids(f"{role}\n{text}"), END, *self.ids("\n")]


class Conversation:
    """See `Talk`. `ids`: everything said so far."""

    def __init__(self, voice: Speaking) -> None:
        self.voice = voice
        self.ids: list[int] = []
        self._seen: Observation | None = None
        self._done: list[str] = []

    def see(self, seen: Observation) -> tuple[int, ...]:
        voice = self.voice
        message = voice.said("user", render(seen))
        if not self.ids or len(self.ids) + len(message) > ROOM:
            past = "".join(f"\ndone: {call}" for call in self._done)
            self.ids = [*voice.opening, *voice.said("user", f"{seen.goal}{past}\n{render(seen)}")]
        else:
            self.ids += message
        self.ids += [START, *voice.ids("assistant\n")]
        self._seen = seen
        return tuple(self.ids)

    def write(self, action: Action) -> tuple[int, ...] | None:
        assert self._seen is not None
        tool = self.voice.tools.get(action.tool)
        if tool is None:
            return None
        said = f"{thought(action, self._seen)}\n{call(action, tool)}"
        if dict(read(said, self.voice.tools).arguments) != dict(action.arguments):
            return None
        return (*self.voice.ids(said), END)

    def read(self, tokens: Sequence[int]) -> Action:
        self.ids += tokens
        if tokens[-1] != END:
            self.ids.append(END)
        self.ids += self.voice.ids("\n")
        said = self.voice.text(tokens)
        self._done.append(said.strip().rpartition("\n")[2][:LETTERS])
        return read(said, self.voice.tools)

    def follow(self, action: Action) -> None:
        tool = self.voice.tools.get(action.tool)
        self.read((*self.voice.ids(call(action, tool) if tool else action.tool), END))


# --- calls -----------------------------------------------------------------------------------------------------------------------------


def call(action: Action, tool: Tool) -> str:
    """The line that says an action."""
    return " ".join((tool.name, *(str(action.arguments[name]) for name in _arguments(tool) if name in action.arguments)))


def read(said: str, tools: dict[str, Tool]) -> Action:
    """The action that the last line says; what says none becomes an action that no environment has."""
    line = said.strip().rpartition("\n")[2].strip()
    name, _, rest = line.partition(" ")
    tool = tools.get(name)
    if tool is None:
        return Action(name[:LETTERS] or "nothing")
    arguments: dict[str, Any] = {}
    names = _arguments(tool)
    for at, argument in enumerate(names):
        if not rest and (at == 0 or argument not in tool.parameters.get("required", ())):
            break  # nothing was said; only a text may be empty
        text, _, rest = (rest, "", "") if at == len(names) - 1 else rest.partition(" ")
        arguments[argument] = _value(text, tool.parameters["properties"][argument].get("type", "string"))
    return Action(name, arguments)


def _value(text: str, kind: str) -> Any:
    try:
        if kind in ("integer", "number"):
            return int(text) if kind == "integer" else float(text)
    except ValueError:
        return text
    return text == "true" if kind == "boolean" and text in ("true", "false") else text


def _arguments(tool: Tool) -> tuple[str, ...]:
    return tuple(tool.parameters.get("properties", {}))


def thought(action: Action, seen: Observation) -> str:
    """A few words on why an expert did this, derived from what it did: what it is done to, as the screen has it, and what the goal says of it."""
    element = seen.element(str(action.arguments.get("ref", "")))
    text = next((str(action.arguments[name]) for name in ("text", "option", "answer") if name in action.arguments), "")
    wanted = text or (element.name if element else "")
    named = bool(wanted) and wanted.lower() in seen.goal.lower()
    why = f"the goal says {_short(text)}" if named and text else "the goal names it" if named else "the next step"
    return f"{_head(element) if element else action.tool}: {why}"


# --- screens ---------------------------------------------------------------------------------------------------------------------------


def render(seen: Observation) -> str:
    """What went wrong, and the screen's lines: role, name, ref, value, options, states."""
    said = plain_words(seen.goal)
    lines = [_line(element) for element in _kept(seen, said)]
    return "\n".join([*([f"error: {_short(seen.error)}"] if seen.error else []), *lines])


def _line(element: Element) -> str:
    """The handle follows the name, so that whoever writes the name has only to go on as the screen goes on."""
    words = [_head(element)]
    words += [f"{name} {value}" for name, value in sorted(element.attributes.items()) if name in ("color", "shape", "placeholder")]
    if element.value:
        words.append(f"= {_short(element.value)}")
    if element.options:
        words.append(f"of {' | '.join(_short(option) for option in element.options[:OPTIONS])}")
    words += [state for state in _TOLD if state in element.states]
    return " ".join(words)


def _head(element: Element) -> str:
    return " ".join(word for word in (element.role, _short(element.name), element.ref) if word)


def _kept(seen: Observation, said: frozenset[str]) -> list[Element]:
    """What is shown, in reading order."""
    ranked: list[tuple[int, int, Element]] = []
    latest = ""
    for at, element in enumerate(seen.elements):
        bare = not (element.name or element.value or element.options or element.attributes)
        if element.role in _IDLE and (bare or element.name == latest):
            continue  # nothing to say, or what the thing before it says
        latest = element.name
        fits = len(plain_words(f"{element.name} {element.value}") & said)
        worth = 2 * (element.role not in _IDLE) + min(fits, 3)
        ranked.append((-worth, at, element))
    chosen = sorted(ranked, key=lambda one: one[:2])[:LINES]
    return [element for _, _, element in sorted(chosen, key=lambda one: one[1])]


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= LETTERS else f"{plain[: LETTERS - 1]}…"
