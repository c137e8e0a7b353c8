"""Variants of a product that keep its data, its jobs and its data model: the next version, and one whose labels mean nothing.

**Version 2** is what an update does to people who know version 1 by heart: about two in five commands and fields are called something else, their
order, the layout and the colours change, and some widgets and the way to the forms are others. All of it stays within the pools of the product's
distance, so a version 2 is no farther away than its version 1; what it measures is how well the old knowledge bends.

**Nonsense** replaces every word that stands for something (nouns, fields, values, commands, captions) by a made-up one, the same word for the same
meaning throughout the product, and so do messages, hints, months, yes and no, headings and addresses. What a worker knows of language is of no use
then: only trying, and what came of it, tells what is what. Left in English are the instruction and the data.
"""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

from bakeoff.core import DISTANCES
from bakeoff.environments.browser.blueprint import NONSENSE, Blueprint, plural
from bakeoff.environments.browser.dials import DIALS, SKIN
from bakeoff.environments.browser.seeds import generator
from bakeoff.environments.browser.vocabulary import pools
from bakeoff.environments.browser.wording import MONTHS, TEXTS, reworded

NEXT = 2
"""The version that an update leads to."""


def updated(drawn: Blueprint) -> Blueprint:
    """Version 2 of a version 1 product."""
    rng = generator("update", drawn.id, NEXT)
    tier = DISTANCES.index(drawn.distance)
    skin = {**drawn.skin, "order": rng.randrange(1 << 30)}
    for name in ("theme", "layout"):
        skin[name] = _another(rng, SKIN[name][1 if tier else 0], skin[name])
    widgets = dict(drawn.widgets)
    for name in rng.sample(sorted(widgets), len(widgets) // 2 + 1):
        widgets[name] = _another(rng, DIALS["widgets"][name][1 if tier >= DISTANCES.index("widgets") else 0], widgets[name])
    workflow = dict(drawn.workflow)
    for name in ("edit", "actions", "sort", "page_size"):
        workflow[name] = _another(rng, DIALS["workflow"][name][1 if tier >= DISTANCES.index("workflow") else 0], workflow[name])
    words = _reworded(rng, drawn, 1 if tier >= DISTANCES.index("vocabulary") else 0)
    return replace(drawn, version=NEXT, skin=skin, words=words, widgets=widgets, workflow=workflow)


def _another(rng: random.Random, choices: tuple[Any, ...], now: Any) -> Any:
    """One of the choices that is not the present one; the present one where there is no other."""
    return rng.choice([item for item in dict.fromkeys(choices) if item != now] or [now])


def _reworded(rng: random.Random, drawn: Blueprint, half: int) -> dict[str, str]:
    """The words of an update. No word takes over what another one meant."""
    table, words = pools(drawn.family.name), dict(drawn.words)
    for prefixes in (("field.",), ("op.", "ui.")):
        taken = {word.lower() for term, word in words.items() if term.startswith(prefixes)}
        terms = [term for term in table if term.startswith(prefixes[0]) and "{entity}" not in table[term][half][0]]
        for term in rng.sample(terms, 2 * len(terms) // 5):
            free = [word for word in table[term][half] if word.lower() not in taken]
            if free:
                words[term] = rng.choice(free)
                taken.add(words[term].lower())
    return words


def nonsensical(drawn: Blueprint) -> Blueprint:
    """The same product with words that mean nothing. A word is the same in both versions unless the update changed what it stands for."""
    words: dict[str, str] = {}
    taken: set[str] = set()

    def coin(*parts: str) -> str:
        """A word that this product has for nothing else yet."""
        rng = generator("nonsense", drawn.id, *parts)
        word = _made_up(rng)
        while word.lower() in taken:
            word = _made_up(rng)
        taken.add(word.lower())
        return word

    for term in sorted(drawn.words):
        if not term.startswith("entities"):
            words[term] = coin(term, drawn.words[term])
    for term in [term for term in words if term == "entity" or term.startswith("entity.")]:
        words[term.replace("entity", "entities", 1)] = plural(words[term])
    coined: dict[str, str] = {}

    def instead(word: str) -> str:
        """The same for the same word; months differ within three letters, because some products write no more."""
        month, attempt = word in MONTHS, 0
        while word.lower() not in coined:
            made = coin("text", word.lower(), str(attempt))
            if not month or not any(made.lower()[:3] == coined.get(other.lower(), "")[:3] for other in MONTHS):
                coined[word.lower()] = made.lower()
            attempt += 1
        return coined[word.lower()].capitalize() if word[0].isupper() else coined[word.lower()]

    for key in sorted(TEXTS):
        words[f"fixed.{key}"] = reworded(TEXTS[key], instead)
    return replace(drawn, id=f"{drawn.id}{NONSENSE}", title=drawn.title.split(" ")[0], words=words)


def _made_up(rng: random.Random) -> str:
    """A word of two or three syllables that can be spoken and is in no dictionary we know of."""
    syllables = [
        f"{rng.choice('bdfgklmnprtvz')}{rng.choice('aeiou')}{rng.choice(('', 'x', 'q', 'zz', 'k'))}" for _ in range(rng.choice((2, 3)))
    ]
    return "".join(syllables).capitalize() + rng.choice(("o", "u", "i", "ax", "yx"))
