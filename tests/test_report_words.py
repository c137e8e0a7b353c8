"""The report's words: complete in every language, and a verdict that never claims more than its interval."""

from __future__ import annotations

import re
import string
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

import bakeoff.contest.report as report
from bakeoff.contest.report import LANGUAGES, headline
from bakeoff.contest.report.figures import spread
from bakeoff.contest.report.film import frame_numbers
from bakeoff.contest.report.view import AgentView, Contrast, Findings
from bakeoff.contest.report.wording import Words, catalogue
from bakeoff.contest.statistics import Estimate
from bakeoff.core import Ledger

ROOM = Path(report.__file__).parent
DYNAMIC = (
    "act.", "role.", "ended.", "feedback.", "standfirst.split.", "level.", "nav.", "key.", "ledger.", "fact.", "film.lead.", "film.why.",
    "contrast.", "table.", "distance.", "measure.", "change.", "verdict.", "film.verdict.", "film.failed", "film.worked", "hover.", "place.",
)  # fmt: skip
"""Entries that are looked up by a key put together at run time."""


FIRST, LATE = Estimate(0.2, 0.1, 0.3, 9), Estimate(0.6, 0.5, 0.7, 9)


def placeholders(text: str) -> set[str]:
    return {re.split(r"[.:\[]", name)[0] for _, name, _, _ in string.Formatter().parse(text) if name}


def test_catalogues_have_the_same_entries() -> None:
    english = catalogue("en")
    for lang in LANGUAGES:
        other = catalogue(lang)
        assert other.keys() == english.keys()
        for key, text in english.items():
            if text:
                assert placeholders(other[key]) == placeholders(text), key
                assert other[key].strip(), f"{key} is empty in {lang}"


def test_every_entry_is_used_and_every_use_has_one() -> None:
    sources = "\n".join(path.read_text(encoding="utf-8") for path in ROOM.iterdir() if path.suffix in (".py", ".j2"))
    keys = catalogue("en").keys()
    asked = set(re.findall(r'(?<![\w.])(?:words|self|t)\(\s*[\'"]([a-z_]+(?:\.[a-z0-9_]+)*)[\'"]', sources))
    assert asked <= keys, asked - keys
    quoted = set(re.findall(r'[\'"]([a-z_]+(?:\.[a-z0-9_]+)+|skip|contents)[\'"]', sources))
    assert not [key for key in keys if key not in quoted and key not in asked and not key.startswith(DYNAMIC)]


def test_chinese_is_chinese() -> None:
    foreign = {key for key, text in catalogue("zh").items() if text and not re.search(r"[\u4e00-\u9fff]", text)}
    assert foreign <= {
        "fact.version",
        "table.n",
        "table.p",
        "n.products",
        "list.comma",
        "list.semicolon",
        "film.quoted",
        "verdict.join",
        "film.element",
        "key.products.note",
    }


@pytest.mark.parametrize(
    ("share", "told"), [(0.621, "62%"), (0.999, "99.9%"), (1.0, "100%"), (0.0, "0%"), (0.001, "0.1%"), (None, "–"), (0.9999999, "99.9%")]
)
def test_a_share_is_never_rounded_into_certainty(share: float | None, told: str) -> None:
    assert Words("en").percent(share) == told


def test_an_open_group_of_attempts_reads_as_such() -> None:
    assert [Words("en").attempts(group) for group in ("1", "2–5", "21–")] == ["1", "2–5", "21+"]


def agent(label: str, late: Estimate, *, privilege: str = "none", role: str = "learner") -> AgentView:
    return AgentView(
        label, label, privilege, role, "c1", "solid", (), (), {"1": FIRST, "11–20": late}, FIRST, {}, {}, (), {}, {}, Estimate(None), {}, {}, Ledger().to_dict(), 0.0, 9, 9, 4, 0  # type: ignore[arg-type]
    )  # fmt: skip


def findings(difference: Estimate, p: float | None, late: Estimate = LATE) -> Findings:
    contrast = Contrast("graph", "late", difference, p, headline.resolved(difference, p))
    agents = (
        agent("apprentice", late, role="focus"),
        agent("graph", Estimate(0.3, 0.2, 0.4, 9)),
        agent("expert", Estimate(0.99, 0.9, 1.0, 9), privilege="expert", role="ceiling"),
    )
    return Findings(agents, "apprentice", (contrast,), ("crm",), (("crm-a@1", "crm"),), ("browser",), (), 20, 20, "11–20", 1)


def test_the_verdict_of_a_clear_case() -> None:
    told = headline.sentence(findings(Estimate(0.3, 0.12, 0.48, 9), 0.004), Words("en"))
    assert told == (
        "After learning on the job, apprentice passed 60% of its jobs at attempts 11–20 (95% interval 50–70%), up from 20% at the first; "
        "that is 30 points ahead of the best rival, graph (12 to 48 points, 9 products); the expert’s ceiling is 99%."
    )


def test_the_fall_with_distance_is_told_in_one_sentence_for_each_agent() -> None:
    clear = findings(Estimate(0.3, 0.12, 0.48, 9), 0.004)
    assert headline.distance(clear, Words("en")) == ""
    tiers = {"": {"skin": LATE, "workflow": FIRST}}
    falls = (Estimate(-0.08, -0.15, -0.01, 12), Estimate(0.0, -0.06, 0.06, 12), Estimate(0.0, None, None, 12))
    agents = tuple(replace(agent, by_distance=tiers, fall=fall) for agent, fall in zip(clear.agents, falls, strict=True))
    assert headline.distance(replace(clear, agents=agents), Words("en")) == (
        "From one tier of distance to the next, success changes, in percentage points, by apprentice −8 [−15, −1]; graph ±0 [−6, +6], not resolved; "
        "expert ±0 (slope over 12 products outside training, 95 % intervals)."
    )


def test_a_twin_of_the_focus_is_no_baseline() -> None:
    clear = findings(Estimate(0.3, 0.12, 0.48, 9), 0.004)
    twin = replace(agent("apprentice, fresh", LATE), spec="apprentice")
    told = headline.sentence(replace(clear, agents=(*clear.agents, twin)), Words("en"))
    assert "ahead of the best rival, graph" in told
    alone = replace(clear, agents=tuple(a for a in (*clear.agents, twin) if a.label != "graph"))
    assert headline.best_rival(alone) == twin


def test_the_verdict_when_the_baseline_is_ahead() -> None:
    told = headline.sentence(findings(Estimate(-0.3, -0.48, -0.12, 9), 0.004), Words("en"))
    assert "30 points behind the best rival, graph (12 to 48 points, 9 products)" in told


@settings(deadline=None)
@given(
    value=some.floats(-1, 1),
    below=some.floats(0, 1),
    above=some.floats(0, 1),
    n=some.integers(1, 40),
    p=some.one_of(some.none(), some.floats(0, 1)),
    lang=some.sampled_from(LANGUAGES),
)
def test_the_verdict_never_claims_more_than_its_interval(
    value: float, below: float, above: float, n: int, p: float | None, lang: str
) -> None:
    difference = Estimate(value, max(-1.0, value - below), min(1.0, value + above), n)
    told = headline.sentence(findings(difference, p), Words(lang))
    assert difference.low is not None and difference.high is not None
    claims = any(word in told for word in ("points ahead", "points behind", " 高 ", " 低 "))
    settled = (difference.low > 0 or difference.high < 0) and n >= headline.FEWEST and (p is None or p < 0.05)
    assert claims == settled
    assert told.count(".") >= 1 or lang == "zh"
    if settled and lang == "en":
        assert ("points ahead" in told) == (value > 0)


def test_one_product_gives_no_interval_and_settles_nothing() -> None:
    told = headline.sentence(findings(Estimate(0.3, None, None, 1), None, Estimate(0.6, None, None, 1)), Words("en"))
    assert "cannot be settled with a single product" in told and "interval" not in told


@settings(deadline=None)
@given(some.lists(some.floats(0, 1), min_size=1, max_size=8), some.floats(0.01, 0.1))
def test_labels_keep_their_distance_and_order(values: list[float], gap: float) -> None:
    placed = spread(values, gap)
    order = sorted(range(len(values)), key=lambda index: values[index])
    for left, right in pairwise(order):
        assert placed[right] - placed[left] >= gap - 1e-9
    assert min(placed) >= min(0.0, 1.0 - gap * (len(values) - 1)) - 1e-9
    assert max(placed) <= max(1.0, gap * (len(values) - 1)) + 1e-9


@settings(deadline=None)
@given(some.integers(1, 60), some.sampled_from((12, 9, 6)))
def test_a_long_strip_is_cut_in_its_middle(screens: int, limit: int) -> None:
    shown = frame_numbers(screens, limit)
    assert shown == sorted(set(shown)) and shown[0] == 0 and shown[-1] == screens - 1
    assert len(shown) == min(screens, limit)
    assert set(shown) <= set(frame_numbers(screens)), "what was pictured for more frames serves for fewer"
