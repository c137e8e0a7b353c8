"""What the small policy sees: a screen, the instruction and what it has done so far, as texts and numbers. From observations alone."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from dataclasses import dataclass
from math import fsum

import numpy as np
from numpy.typing import NDArray

from bakeoff.agents.baked.words import Piece, pieces, plain_words, way_of
from bakeoff.core import Action, Element, Observation

STATES = "checked selected disabled focused expanded collapsed required invalid readonly offscreen hidden editable pressed".split()
ROLES = 64
"""Size of the hash table of roles."""

MOST_ELEMENTS, MOST_PIECES, MOST_PAST, MOST_ROWS = 112, 72, 8, 6
"""How much of a screen, an instruction and the past is looked at. Of long tables, the rows that say most of what the instruction says."""

TEXTS = frozenset({"cell", "text", "columnheader", "generic"})
MOST_TEXTS = 16
"""Of such elements so many are looked at; beside them stand the things one can work with."""

FEATURES = 22 + len(STATES)
SAID_WHOLE = slice(6, 7)
IS_ON = [22 + STATES.index(state) for state in ("checked", "selected", "pressed")]
"""Places among the features: whether all of a name was said; whether a thing is on."""

PIECE_FEATURES = 4
_ROWS = frozenset({"row", "listitem", "article", "option"})

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Done:
    """An action of this episode as it is remembered: the tool, what it was done to, and the text that went with it."""

    tool: str
    role: str
    name: str
    text: str


def done(action: Action, seen: Observation) -> Done:
    """What to remember of an action on a screen."""
    element = seen.element(str(action.arguments.get("ref", "")))
    target = seen.element(str(action.arguments.get("to", "")))
    text = next((str(action.arguments[name]) for name in ("text", "option", "key", "answer") if name in action.arguments), "")
    return Done(
        action.tool,
        element.role if element else "",
        element.name if element else "",
        target.name if target is not None else text,
    )


@dataclass(frozen=True, slots=True)
class Screen:
    """A prompt of the small policy. Arrays have one row per kept element, per piece of the instruction, or per remembered action.

    Attributes:
        refs: handles of the kept elements.
        options: what each of them offers.
        pieces: what may be copied from the instruction.
        names, values, parents, before: texts of each element, of its parent and of the element before it.
        roles: hashed roles. value_ways: how the value is written (`words.way_of`). features: see `_features`.
        piece_ways, piece_forms, piece_places, piece_features: how a piece is copied, how it is written (`words.way_of`), where it stands in the
            instruction, and facts about it.
        past: what was done, the latest last. general: title, location and error. step: actions so far.
    """

    refs: tuple[str, ...]
    options: tuple[tuple[str, ...], ...]
    pieces: tuple[str, ...]
    names: tuple[str, ...]
    values: tuple[str, ...]
    parents: tuple[str, ...]
    before: tuple[str, ...]
    roles: Integers
    value_ways: Integers
    features: Floats
    piece_ways: Integers
    piece_forms: Integers
    piece_places: Integers
    piece_features: Floats
    past: tuple[Done, ...]
    general: tuple[str, str, str]
    step: int
    goal_words: frozenset[str]


def look(seen: Observation, past: tuple[Done, ...]) -> Screen:
    """The prompt for this moment."""
    said = plain_words(seen.goal)
    rows = _rows(seen, said)
    kept = _kept(seen, said, rows)
    by_ref = {element.ref: element for element in seen.elements}
    copied = _shortened(pieces(seen.goal))
    elements = [seen.elements[at] for at in kept]
    typed = [entry.text.strip().lower() for entry in past if entry.text]
    counts = Counter((element.role, element.name) for element in seen.elements)
    return Screen(
        refs=tuple(element.ref for element in elements),
        options=tuple(element.options for element in elements),
        pieces=tuple(piece.text for piece in copied),
        names=tuple(element.name for element in elements),
        values=tuple(element.value for element in elements),
        parents=tuple(_parent_name(element, by_ref) for element in elements),
        before=tuple(seen.elements[at - 1].name if at else "" for at in kept),
        roles=np.array([zlib.crc32(element.role.encode()) % ROLES for element in elements], dtype=np.int64),
        value_ways=np.array([way_of(element.value) for element in elements], dtype=np.int64),
        features=np.array(
            [_features(seen.elements[at], at, seen, said, rows, past, typed, counts) for at in kept], dtype=np.float32
        ).reshape(-1, FEATURES),
        piece_ways=np.array([piece.way for piece in copied], dtype=np.int64),
        piece_forms=np.array([way_of(piece.text) for piece in copied], dtype=np.int64),
        piece_places=np.array([piece.place for piece in copied], dtype=np.int64),
        piece_features=np.array([_piece_features(piece, copied, typed, seen) for piece in copied], dtype=np.float32).reshape(
            -1, PIECE_FEATURES
        ),
        past=past[-MOST_PAST:],
        general=(seen.title, seen.location, seen.error),
        step=seen.step,
        goal_words=said,
    )


def share(text: str, said: frozenset[str]) -> float:
    """Share of a text's words that were said; 0 for a text without words."""
    own = plain_words(text)
    return len(own & said) / len(own) if own else 0.0


def option_features(option: str, screen: Screen) -> tuple[float, float]:
    """How much of an option the instruction says, and whether all of it."""
    found = share(option, screen.goal_words)
    return found, float(found == 1.0)


def _shortened(found: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """As many pieces as are looked at; other forms of a thing go before the thing itself goes."""
    if len(found) <= MOST_PIECES:
        return found
    plain = [piece for piece in found if piece.way == 0][:MOST_PIECES]
    rest = [piece for piece in found if piece.way][: MOST_PIECES - len(plain)]
    return tuple(plain + rest)


def _parent_name(element: Element, by_ref: dict[str, Element]) -> str:
    parent = by_ref.get(element.parent or "")
    return "" if parent is None else parent.name or parent.role


@dataclass(frozen=True, slots=True)
class Row:
    """The row or list item that an element is in: its ref; how well it fits the instruction and whether it alone fits best; the same by how many of its
    words stand together in the instruction, as a name and what tells it from its namesakes do."""

    ref: str
    fit: float = 0.0
    best: bool = False
    together: float = 0.0
    closest: bool = False


def _rows(seen: Observation, said: frozenset[str]) -> dict[str, Row]:
    """The row of each element that is in one. Fits are shares of the best row's. Words that few rows have count more: each is worth 1 over the number
    of rows that have it."""
    owner: dict[str, str] = {}
    words: dict[str, set[str]] = {}
    for element in seen.elements:
        above = owner.get(element.parent or "")
        if element.role in _ROWS and above is None:
            above = element.ref
        if above is not None:
            owner[element.ref] = above
            words.setdefault(above, set()).update(plain_words(element.name) & said)
    common = Counter(word for found in words.values() for word in found)
    scores = {ref: fsum(1 / common[word] for word in found) for ref, found in words.items()}  # exact, so in any order of a set the same
    spoken = re.findall(r"\w+", seen.goal.lower())
    runs = {ref: float(_longest(spoken, found)) for ref, found in words.items()}
    return {ref: Row(row, *_against(scores, row), *_against(runs, row)) for ref, row in owner.items()}


def _against(scores: dict[str, float], row: str) -> tuple[float, bool]:
    """A row's score as a share of the best, and whether no other has as much."""
    best = max(scores.values())
    if not best:
        return 0.0, False
    return scores[row] / best, scores[row] == best and sum(score == best for score in scores.values()) == 1


def _longest(spoken: list[str], found: set[str]) -> int:
    """Words of the longest stretch of an instruction that a row has, one foreign word between two of its words allowed."""
    longest = count = gap = 0
    for word in spoken:
        if word in found:
            count, gap = count + 1, 0
        else:
            gap += 1
            count = count if gap <= 1 else 0
        longest = max(longest, count)
    return longest


def _kept(seen: Observation, said: frozenset[str], rows: dict[str, Row]) -> list[int]:
    """Positions of the elements that are looked at, in reading order: all that can be worked with or that holds others; of mere text what says
    something of the instruction, then what comes first, without what the thing around it or the control beside it says already."""
    named = {(element.parent, element.name) for element in seen.elements if element.name}
    names = {element.ref: element.name for element in seen.elements}
    labels = {element.name for element in seen.elements if element.role not in TEXTS}
    ranked = sorted({row.ref: row.fit + row.together for row in rows.values()}.items(), key=lambda pair: -pair[1])
    wanted = {row for row, _ in ranked[:MOST_ROWS]} if len(ranked) > 2 * MOST_ROWS else {row for row, _ in ranked}
    first: list[int] = []
    rest: list[int] = []
    for at, element in enumerate(seen.elements):
        if element.role == "cell" and (element.ref, element.name) in named:
            continue  # says what the one thing inside it says
        row = rows.get(element.ref)
        if row is not None and row.ref not in wanted:
            continue
        if element.role not in TEXTS:
            first.append(at)
        elif element.name and element.name not in labels and element.name not in names.get(element.parent or "", ""):
            rest.append(at)
    first = first[:MOST_ELEMENTS]
    rest.sort(key=lambda at: -share(seen.elements[at].name, said))
    return sorted(first + rest[: min(MOST_TEXTS, MOST_ELEMENTS - len(first))])


def _features(
    element: Element,
    at: int,
    seen: Observation,
    said: frozenset[str],
    rows: dict[str, Row],
    past: tuple[Done, ...],
    typed: list[str],
    counts: Counter[tuple[str, str]],
) -> list[float]:
    row = rows.get(element.ref, Row(""))
    name, value = share(element.name, said), share(element.value, said)
    acted = sum(entry.role == element.role and entry.name == element.name for entry in past)
    offered = max((share(option, said) for option in element.options), default=0.0)
    latest = past[-1] if past else None
    return [
        min(max(element.box.x / 1280, -1.0), 2.0),
        min(max(element.box.y / 800, -1.0), 3.0),
        min(element.box.width / 1280, 1.0),
        min(element.box.height / 800, 1.0),
        at / max(len(seen.elements), 1),
        name,
        float(name == 1.0),
        value,
        float(value == 1.0),
        row.fit,
        float(row.best),
        row.together,
        float(row.closest),
        float(element.ref in rows),
        float(bool(element.name) and element.name.strip().lower() in typed),
        float(bool(element.value) and element.value.strip().lower() in typed),
        min(acted, 3) / 3,
        float(latest is not None and (latest.role, latest.name) == (element.role, element.name)),
        offered,
        float(bool(element.options)),
        min(counts[(element.role, element.name)], 5) / 5,
        float(bool(element.value)),
        *(float(state in element.states) for state in STATES),
    ]


def _piece_features(piece: Piece, all_pieces: tuple[Piece, ...], typed: list[str], seen: Observation) -> list[float]:
    lower = piece.text.lower()
    shown = any(lower in element.name.lower() for element in seen.elements[:MOST_ELEMENTS])
    return [
        piece.place / 40,
        float(any(lower in text for text in typed)),
        float(piece.text[:1].isupper()),
        float(shown),
    ]
