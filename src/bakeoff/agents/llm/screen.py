"""Screens as a language model reads them: the observation's text, cut to a budget of tokens by leaving out what matters least.

No tokenizer fits every model, so tokens are estimated from bytes. Screens full of handles and numbers have more: 1.2 to 1.55 times as many by SmolLM2's
tokenizer. A worker therefore corrects the estimate by what its endpoint counts (`agent.LLM`).
"""

from __future__ import annotations

import re

from bakeoff.core import Element, Observation

BYTES_PER_TOKEN = 3.0
"""Tokenizers of today take about four bytes of English a token, and fewer of numbers, quotes and handles, of which screens are full."""

LONGEST_LINE = 600
"""Characters of one element's line; a choice may offer hundreds of options."""

_CONTROLS = frozenset(
    "button link textbox searchbox combobox listbox checkbox radio switch slider spinbutton option tab menuitem menuitemcheckbox menuitemradio treeitem".split()
)


def estimate(text: str) -> int:
    """About how many tokens a text has, before any correction."""
    return -int(-len(text.encode()) // BYTES_PER_TOKEN)


def clipped(text: str, most: int) -> str:
    """The beginning of a text, in at most about `most` tokens."""
    if estimate(text) <= most:
        return text
    return text.encode()[: max(0, int((most - 1) * BYTES_PER_TOKEN) - 3)].decode(errors="ignore") + "…"


def shown(seen: Observation, most: int) -> str:
    """The screen in at most about `most` tokens, in reading order. Controls stay before texts, and what shares a word with the goal before
    what shares none; what is left out is counted in the last line, so that the reader knows. The last error always stays."""
    lines = [_short(line) for line in seen.text.split("\n")]
    if estimate("\n".join(lines)) <= most:
        return "\n".join(lines)
    head = lines[:1] if seen.title else []
    tail = [_short(f"! {seen.error}")] if seen.error else []
    body = lines[len(head) : len(lines) - len(tail)]
    if len(body) != len(seen.elements):  # a name with a line break in it
        body = [_short(" ".join(Observation("", (element,), 0).text.split("\n"))) for element in seen.elements]
    goal = _words(seen.goal)
    order = sorted(range(len(body)), key=lambda at: (_rank(seen.elements[at], goal), at))
    left = most - estimate("\n".join((*head, *tail))) - 20
    kept: set[int] = set()
    for at in order:
        cost = estimate(body[at]) + 1
        if cost <= left:
            kept.add(at)
            left -= cost
    missing = len(body) - len(kept)
    rest = [f"({missing} of {len(body)} elements are not listed)"] if missing else []
    return "\n".join((*head, *(body[at] for at in sorted(kept)), *rest, *tail))


def _rank(element: Element, goal: frozenset[str]) -> int:
    control = element.role in _CONTROLS or "focused" in element.states
    if goal & _words(f"{element.name} {element.value}"):
        return 0 if control or "offscreen" not in element.states else 2
    return 1 if control else 3


def _words(text: str) -> frozenset[str]:
    return frozenset(word for word in re.findall(r"\w+", text.lower()) if len(word) > 2)


def _short(line: str) -> str:
    return line if len(line) <= LONGEST_LINE else line[: LONGEST_LINE - 1] + "…"
