"""A change of the networks' weights raises `FORMAT`, so that recipes baked before it are baked again instead of refused."""

from __future__ import annotations

import hashlib
import json

import pytest

pytest.importorskip("torch")

from bakeoff.agents.baked import FORMAT
from bakeoff.agents.baked.kinds import network_of
from bakeoff.core import Tool
from bakeoff.environments.browser.tools import TOOLS as PAGES
from bakeoff.environments.spreadsheet.tools import TOOLS as WORKBOOKS
from bakeoff.training import recipe
from bakeoff.training.examples import examples
from bakeoff.training.local import build
from bakeoff.training.recipe import Recipe

KNOWN = {1: {"pointer": "ba3146db11856e78", "workbook": "7d0e45d31b54aba7"}}
"""Digests of the names and shapes of all weights, by format. When one changes: raise FORMAT, and add the new digests here."""


def signature(tools: tuple[Tool, ...]) -> tuple[str, str]:
    grammar = examples([], tools).grammar
    kind = network_of(grammar)
    shape = {"width": 32, "layers": 1, "heads": 2, "texts": 16}
    weights = build({"network": kind, "shape": shape, "grammar": grammar.to_dict()}, 0).state_dict()
    shapes = {name: list(values.shape) for name, values in weights.items()}
    return kind, hashlib.sha256(json.dumps(shapes, sort_keys=True).encode()).hexdigest()[:16]


def test_the_format_counts_the_networks_changes() -> None:
    assert dict(map(signature, (PAGES, WORKBOOKS))) == KNOWN[FORMAT]


def test_another_format_is_another_bake(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = Recipe("one", "browser", tmp_path, ())
    before = plain.digest
    assert before == plain.digest
    monkeypatch.setattr(recipe, "FORMAT", FORMAT + 1)
    assert plain.digest != before
