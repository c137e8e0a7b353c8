"""How the small policy says an action: in the same way each time, and read back as it was meant."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.agents.baked.actions import Grammar, missing_words
from bakeoff.agents.baked.screen import look
from bakeoff.agents.baked.words import pieces, way_of
from bakeoff.core import Action, Element, Observation, Tool

TYPE = Tool(
    "type",
    "Types.",
    {"type": "object", "properties": {"ref": {"type": "string"}, "text": {"type": "string"}}, "required": ["ref", "text"]},
)
GRAMMAR = Grammar.of([TYPE], (",", "Large account", "Reseller"))


LIKE = {8: 7, 10: 9}
"""Forms that look the same: day or month first, and May."""


def seen(goal: str, *names: str) -> Observation:
    elements = tuple(Element(f"e{at}", "textbox", name) for at, name in enumerate(("Field", *names)))
    return Observation(goal, elements, 0)


def said(text: str, goal: str, *names: str) -> str | None:
    """What an action's text is made of: E end, l lexicon, p instruction, n name on the screen."""
    screen = look(seen(goal, *names), ())
    action = Action("type", {"ref": "e0", "text": text})
    ids = GRAMMAR.write(action, screen)
    if ids is None:
        return None
    assert GRAMMAR.read(ids, screen) == action
    first, second = 1 + len(GRAMMAR.lexicon), 1 + len(GRAMMAR.lexicon) + len(screen.pieces)
    return "".join("E" if at == 0 else "l" if at < first else "p" if at < second else "n" for at in ids[2:])


def test_like_texts_are_said_in_like_ways() -> None:
    goal = "Assign the lead Anton Haddad of Veldhuis AB to Priya Baker."
    assert said("Anton Haddad", goal) == said("Anton Haddad", goal, "Anton Haddad") == "ppE"
    assert said("Reseller", goal) == said("Reseller", goal, "Reseller") == "lE"
    assert said("Large account", "a large account") == said("Large account", goal) == "lE"
    assert said("Reseller, Large account", "label it: partner, enterprise") == "lllE"
    assert said("Nowhere", goal) is None and said("Elsewhere", goal, "Elsewhere") == "nE"
    assert said("", goal) == "E"


def test_the_lexicon_gets_what_is_missing_as_a_whole() -> None:
    goal = "Label the lead Anton Haddad: partner, enterprise."
    screen = look(seen(goal, "Reseller"), ())
    for text, missing in (("Large account, Reseller", ("Large account", ",")), ("Anton Haddad", ()), ("Trade fair", ("Trade fair",))):
        assert missing_words(Action("type", {"ref": "e0", "text": text}), seen(goal, "Reseller"), screen) == missing


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["Anton", "Haddad", "of", "AB", "77,000", "the"]), min_size=1, max_size=6), st.data())
def test_every_run_of_the_instruction_can_be_said(words: list[str], data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(words) - 1))
    last = data.draw(st.integers(first, len(words) - 1))
    assert said(" ".join(words[first : last + 1]), " ".join(words)) is not None


@pytest.mark.parametrize("goal", ["pay 77,000 euros", "by 3 May 2027", "at 12.50", "on 2027-05-13"])
def test_a_form_is_known_again_from_what_a_field_holds(goal: str) -> None:
    found = pieces(goal)
    for piece in found:
        if piece.way:
            assert LIKE.get(way_of(piece.text), way_of(piece.text)) in {
                LIKE.get(one.way, one.way) for one in found if one.text == piece.text
            }
    assert way_of("") == way_of("Priya Baker") == 0 and way_of("€ 4,500.00") == 3
