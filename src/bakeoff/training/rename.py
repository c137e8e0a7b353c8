"""Data augmentation by renaming: words that the instruction and the screen share become other words, the same everywhere on the screen.

What the words are is then no help, only that they are the same: which record is meant, which field holds what was asked for. Words of the instruction
that the screen does not show keep their meaning. Tokens stay as they are, because they are places and not words.
"""

from __future__ import annotations

import random
import re
from dataclasses import replace

from bakeoff.agents.baked.screen import Done, Screen
from bakeoff.agents.baked.words import plain_words

_WORD = re.compile(r"\w+")
_LETTERS, _DIGITS = "abcdefghijklmnopqrstuvwxyz", "0123456789"


def renamed(screen: Screen, rng: random.Random, share: float) -> Screen:
    """The screen with this share of the common words renamed, letter for letter and digit for digit."""
    shown = frozenset().union(*(plain_words(text) for texts in (screen.names, screen.values, *screen.options) for text in texts))
    common = [word for word in sorted(screen.goal_words & shown) if rng.random() < share]  # sorted: draws may not depend on hashes
    if not common:
        return screen
    names = {word: "".join(rng.choice(_DIGITS if sign.isdigit() else _LETTERS) for sign in word) for word in common}

    def other(text: str) -> str:
        return _WORD.sub(lambda match: names.get(match[0].lower(), match[0]), text)

    def others(texts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(other, texts))

    return replace(
        screen,
        options=tuple(map(others, screen.options)),
        pieces=others(screen.pieces),
        names=others(screen.names),
        values=others(screen.values),
        parents=others(screen.parents),
        before=others(screen.before),
        past=tuple(Done(one.tool, one.role, other(one.name), other(one.text)) for one in screen.past),
        goal_words=frozenset(names.get(word, word) for word in screen.goal_words),
    )
