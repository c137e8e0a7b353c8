"""How alike two labels are: bags of letter triples, weighed by how rare they are in what was read so far."""

from __future__ import annotations

import re
from functools import lru_cache

_SEPARATORS = re.compile(r"[^\w%&]+", re.UNICODE)


@lru_cache(maxsize=20000)
def plain(label: str) -> str:
    """Lower case, words with single spaces, without numbering."""
    text = re.sub(r"^\s*[\divx]{1,4}[.)]\s+", "", label.lower())
    words = _SEPARATORS.sub(" ", text.replace("_", " ")).split()
    return " ".join(words) or label.strip().lower()


@lru_cache(maxsize=20000)
def words(label: str) -> tuple[str, ...]:
    """The words of a label, plain."""
    return tuple(plain(label).split())


@lru_cache(maxsize=20000)
def grams(label: str) -> frozenset[str]:
    """Letter triples of each word, with marks at its ends."""
    found = set()
    for word in words(label):
        padded = f"^{word}$"
        found |= {padded[at : at + 3] for at in range(max(1, len(padded) - 2))}
    return frozenset(found)


@lru_cache(maxsize=200000)
def alike(one: str, other: str) -> float:
    """0 (nothing in common) to 1 (the same): shared triples over all (Dice)."""
    if plain(one) == plain(other):
        return 1.0
    a, b = grams(one), grams(other)
    return 0.98 * 2 * len(a & b) / (len(a) + len(b)) if a and b else 0.0


@lru_cache(maxsize=200000)
def within(inner: str, outer: str) -> float:
    """Share of the inner label's triples that the outer one has: `Revenue` lies within `Revenue growth`."""
    a = grams(inner)
    return len(a & grams(outer)) / len(a) if a else 0.0


def mentions(text: str, label: str) -> bool:
    """Whether the text says the label word for word."""
    return f" {plain(label)} " in f" {plain_text(text)} "


@lru_cache(maxsize=4000)
def plain_text(text: str) -> str:
    """A sentence with separators taken out, to be searched for labels."""
    return " ".join(_SEPARATORS.sub(" ", text.lower().replace("_", " ")).split())
