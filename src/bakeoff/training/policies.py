"""What a recipe's `[policy]` begins with: the voice, the examples in its tokens, and the description from which the network is built."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bakeoff.agents.baked.kinds import network_of
from bakeoff.agents.baked.voice import Pointing, Voice
from bakeoff.core import Tool, Trajectory
from bakeoff.training.examples import Examples, examples, spoken
from bakeoff.training.recipe import Recipe

SMALL = {"width": 96, "layers": 3, "heads": 4, "texts": 48}
LARGE = {"rank": 16, "together": 8}


def begin(recipe: Recipe, demos: Sequence[Trajectory], tools: Sequence[Tool]) -> tuple[Voice, Examples, dict[str, Any]]:
    """Raises `UsageError` where the language model is asked for and not installed."""
    sizes = {name: value for name, value in recipe.policy.items() if name != "kind"}
    if "kind" not in recipe.policy:
        true = examples(demos, tools)
        assert true.grammar is not None
        description = {"network": network_of(true.grammar), "shape": {**SMALL, **sizes}, "grammar": true.grammar.to_dict()}
        return Pointing(true.grammar), true, description
    from bakeoff.agents.baked.language import Speaking
    from bakeoff.agents.baked.smollm import describe, tokenizer

    sizes = {**LARGE, **sizes}
    voice = Speaking(tuple(tools), tokenizer(), sizes.pop("together"))
    return voice, spoken(demos, voice), describe(**sizes)


def again(demos: Sequence[Trajectory], voice: Voice, tools: Sequence[Tool]) -> Examples:
    """Examples of other demonstrations, in the same voice."""
    return examples(demos, tools, voice.grammar) if isinstance(voice, Pointing) else spoken(demos, voice)
