"""Steps: an expert's run written down, in words that are read on the screen. Played closed-loop with the agent's own tools.

    click link "Tools"                          the tool, a role, a name; the role may be left out
    click button "Lend" in row ~"Cordless drill"    ~ means the name contains it; `in` an element that encloses it
    click link "Edit" nth 2                     the second of those
    type textbox after "Title" = "{title}"      a field without a name: the first of its kind after what is called so
    type textbox "Until" = "{day}"              a placeholder stands for what the task drew
    select "Status" = "closed"
    check checkbox "Public"                     click unless it is checked; `uncheck` likewise
    press Enter
    click link "Next" until link "{tool.name}"  as often as need be, perhaps never
    maybe click button "Got it"                 only if it is there
    drag "Card" to "Done"; hover, double_click, select_text, scroll "List" = "400", back, wait
    finish                                      or: finish "{answer}"

What is not on the screen yet is waited for.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bakeoff.core import Action, Element, Observation, Policy, UsageError
from bakeoff.environments.outside import text

POINTING = ("click", "double_click", "hover", "select_text", "check", "uncheck")
ENTERING = ("type", "select", "scroll")
BARE = ("back", "wait")
VERBS = (*POINTING, *ENTERING, *BARE, "drag", "press", "finish")

_WORD = re.compile(r'\s*(?:(~?)"((?:[^"\\]|\\.)*)"|([^\s"]+))')
_FIELDS = ("textbox", "searchbox", "combobox", "spinbutton", "textarea", "slider")
_CHOICES = ("combobox", "listbox")
_PATIENCE = 12
_REPEATS = 40


class Lost(Exception):
    """The screen does not show what the next step needs. The run gives up by finishing, and its proof fails."""


@dataclass(frozen=True, slots=True)
class Target:
    """An element as a person would say it. `role` empty: any; `part`: the name contains it; `number`: which of those, from 1; `after`: instead of
    a name, what comes before it."""

    name: str
    role: str = ""
    part: bool = False
    number: int = 1
    inside: Target | None = None
    after: Target | None = None

    def __str__(self) -> str:
        mark = "~" if self.part else ""
        said = f"after {self.after}" if self.after else f'{mark}"{_escaped(self.name)}"'
        written = f"{self.role} {said}".strip()
        return written + (f" nth {self.number}" if self.number > 1 else "") + (f" in {self.inside}" if self.inside else "")


@dataclass(frozen=True, slots=True)
class Step:
    """One line. `value`: what is typed, chosen, pressed, scrolled by, or answered."""

    verb: str
    target: Target | None = None
    value: str = ""
    to: Target | None = None
    until: Target | None = None
    maybe: bool = False

    def __str__(self) -> str:
        words = ["maybe"] if self.maybe else []
        words.append(self.verb)
        if self.target is not None:
            words.append(str(self.target))
        if self.verb in ENTERING:
            words.append(f'= "{_escaped(self.value)}"')
        elif self.verb == "press" or self.value:
            words.append(self.value if re.fullmatch(r"[A-Za-z0-9+]+", self.value) and self.verb == "press" else f'"{_escaped(self.value)}"')
        if self.to is not None:
            words.append(f"to {self.to}")
        if self.until is not None:
            words.append(f"until {self.until}")
        return " ".join(words)

    def names(self) -> set[str]:
        """The placeholders it uses."""
        found = text.names(self.value)
        for target in (self.target, self.to, self.until):
            for part in _chain(target):
                found |= text.names(part.name)
        return found


def _chain(target: Target | None) -> Iterator[Target]:
    """A target and those it is said by."""
    if target is not None:
        yield target
        yield from _chain(target.inside)
        yield from _chain(target.after)


def _escaped(name: str) -> str:
    return name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def read_steps(lines: Iterable[str], where: str) -> tuple[Step, ...]:
    """Reads lines. Raises `UsageError` that names the line and what is wrong with it."""
    return tuple(read_step(line, where) for line in lines)


def read_step(line: str, where: str) -> Step:
    """Reads one line."""
    reader = _Reader(line, where)
    maybe = reader.word("maybe")
    verb = reader.bare()
    if verb not in VERBS:
        raise reader.fail(f"there is no step '{verb}'; there are {', '.join(VERBS)}")
    step = Step(verb, maybe=maybe)
    if verb in POINTING:
        step = replace(step, target=reader.target())
    elif verb in ENTERING:
        step = replace(step, target=reader.target())
        if not reader.word("="):
            raise reader.fail(f'write {verb} "field" = "value"')
        step = replace(step, value=reader.quoted())
    elif verb == "drag":
        step = replace(step, target=reader.target())
        if not reader.word("to"):
            raise reader.fail('write drag "this" to "that"')
        step = replace(step, to=reader.target())
    elif verb == "press" or (verb == "finish" and not reader.ended):
        step = replace(step, value=reader.any())
    if reader.word("until"):
        step = replace(step, until=reader.target())
    if not reader.ended:
        raise reader.fail("there is more than a step needs; quote names that have spaces")
    return step


class _Reader:
    """The words of a line: quoted ones keep their mark (`~` or nothing)."""

    def __init__(self, line: str, where: str) -> None:
        self.line, self.where = line, where
        self.words: list[tuple[str, str]] = []  # kind ("", '"', '~'), text
        place = 0
        while line[place:].strip():
            match = _WORD.match(line, place)
            if match is None:
                raise self.fail("a quotation mark is missing")
            if match[3] is not None:
                self.words.append(("", match[3]))
            else:
                plain = re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], match[2])
                self.words.append((match[1] or '"', plain))
            place = match.end()
        self.words.reverse()

    def fail(self, problem: str) -> UsageError:
        return UsageError(f"{self.where}: '{self.line}': {problem}")

    @property
    def ended(self) -> bool:
        return not self.words

    def word(self, expected: str) -> bool:
        """Takes a bare word if it is the next."""
        if self.words and self.words[-1] == ("", expected):
            self.words.pop()
            return True
        return False

    def bare(self) -> str:
        if not self.words or self.words[-1][0]:
            raise self.fail("a step begins with what to do, e.g. click")
        return self.words.pop()[1]

    def quoted(self) -> str:
        if not self.words or self.words[-1][0] != '"':
            raise self.fail("write the value in quotation marks")
        return self.words.pop()[1]

    def any(self) -> str:
        if not self.words:
            raise self.fail("something is missing at the end")
        return self.words.pop()[1]

    def target(self, numbered: bool = True) -> Target:
        role = ""
        if self.words and not self.words[-1][0] and self.words[-1][1] not in ("=", "to", "until", "in", "nth", "after"):
            role = self.words.pop()[1]
        if self.word("after"):
            before = self.target(numbered=False)
            return Target("", role, number=self.number(), after=before)
        if not self.words or not self.words[-1][0]:
            raise self.fail("name the element in quotation marks")
        mark, name = self.words.pop()
        number = self.number() if numbered else 1
        inside = self.target() if self.word("in") else None
        return Target(name, role, mark == "~", number, inside)

    def number(self) -> int:
        if not self.word("nth"):
            return 1
        figure = self.any()
        if not figure.isdigit() or figure == "0":
            raise self.fail(f"nth is followed by 1, 2, 3…, not '{figure}'")
        return int(figure)


# --- finding ------------------------------------------------------------------------------------------------------------------------


def _fold(name: str) -> str:
    return " ".join(name.split())


def find(screen: Observation, target: Target, roles: Sequence[str] = ()) -> Element | None:
    """The element that a target means, or None. `roles`: those to prefer where the target names none."""
    holders = {item.ref: item.parent for item in screen.elements}
    outer = None
    if target.inside is not None:
        outer = find(screen, target.inside)
        if outer is None:
            return None
    if target.after is not None:
        before = find(screen, target.after)
        kinds = (target.role,) if target.role else roles
        following = [item for item in screen.elements if before and item.order > before.order and (not kinds or item.role in kinds)]
        return following[target.number - 1] if len(following) >= target.number else None
    wanted = _fold(target.name)
    found = [
        item
        for item in screen.elements
        if (not target.role or item.role == target.role)
        and (wanted in _fold(item.name) if target.part else _fold(item.name) == wanted)
        and (outer is None or _encloses(holders, outer.ref, item.ref))
    ]
    if roles and not target.role:
        found = [item for item in found if item.role in roles] or found
    elif not target.role:
        found.sort(key=lambda item: item.role in ("text", "cell", "row", "listitem", "generic"))
    return found[target.number - 1] if len(found) >= target.number else None


def _encloses(holders: dict[str, str | None], outer: str, inner: str) -> bool:
    ref = holders.get(inner)
    while ref is not None:
        if ref == outer:
            return True
        ref = holders.get(ref)
    return False


# --- playing ------------------------------------------------------------------------------------------------------------------------

Moves = Generator[Action, Observation, None]


class _Hand:
    """Plays steps on one episode."""

    def __init__(self, steps: Sequence[Step], values: text.Values, screen: Observation) -> None:
        self.steps, self.values, self.screen = steps, values, screen

    def play(self) -> Moves:
        for step in self.steps:
            yield from self.step(step)
            if step.verb == "finish":
                return
        yield Action("finish", {})

    def step(self, step: Step) -> Moves:
        if step.until is not None:
            goal = self.filled(step.until)
            for _ in range(_REPEATS):
                if find(self.screen, goal) is not None:
                    return
                yield from self.once(step)
            raise Lost(f"{goal} did not come up")
        if not step.maybe or step.target is None or find(self.screen, self.filled(step.target)) is not None:
            yield from self.once(step)

    def once(self, step: Step) -> Moves:
        value = text.fill(step.value, self.values, str(step))
        if step.verb == "finish":
            yield Action("finish", {"answer": value} if value else {})
        elif step.verb == "press":
            yield from self.do("press", key=value)
        elif step.verb in BARE:
            yield from self.do(step.verb)
        else:
            assert step.target is not None
            roles = _FIELDS if step.verb == "type" else _CHOICES if step.verb == "select" else ()
            element = yield from self.await_(self.filled(step.target), roles)
            if step.verb in ("check", "uncheck"):
                if ("checked" in element.states) != (step.verb == "check"):
                    yield from self.do("click", ref=element.ref)
            elif step.verb == "type":
                yield from self.do("type", ref=element.ref, text=value)
            elif step.verb == "select":
                yield from self.do("select", ref=element.ref, option=value)
            elif step.verb == "scroll":
                yield from self.do("scroll", ref=element.ref, dy=float(value))
            elif step.verb == "drag":
                assert step.to is not None
                other = yield from self.await_(self.filled(step.to), ())
                again = find(self.screen, self.filled(step.target), roles)
                yield from self.do("drag", ref=(again or element).ref, to=other.ref)
            else:
                yield from self.do(step.verb, ref=element.ref)

    def filled(self, target: Target) -> Target:
        inside, after = (None if part is None else self.filled(part) for part in (target.inside, target.after))
        return replace(target, name=text.fill(target.name, self.values, str(target)), inside=inside, after=after)

    def await_(self, target: Target, roles: Sequence[str]) -> Generator[Action, Observation, Element]:
        for _ in range(_PATIENCE):
            element = find(self.screen, target, roles)
            if element is not None:
                return element
            yield from self.do("wait")
        raise Lost(f"there is no {target} at {self.screen.location}")

    def do(self, tool: str, **arguments: Any) -> Moves:
        self.screen = yield Action(tool, arguments)
        if self.screen.error:
            raise Lost(self.screen.error)


def policy(steps: Sequence[Step], values: text.Values) -> Policy:
    """A policy that plays the steps. When it is lost it finishes and says why in its answer."""
    moves: Moves | None = None

    def act(observation: Observation) -> Action:
        nonlocal moves
        try:
            if moves is None:
                moves = _Hand(steps, values, observation).play()
                return next(moves)
            return moves.send(observation)
        except (Lost, StopIteration) as reason:
            return Action("finish", {"answer": f"lost: {reason}"})

    return act


def longest(steps: Sequence[Step]) -> int:
    """How many actions the steps take at most where nothing has to be waited for or turned to."""
    return sum(6 if step.until is not None else 1 for step in steps) + 1
