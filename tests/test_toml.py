"""Errors in TOML files name the line, whatever stands between."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bakeoff.core import UsageError
from bakeoff.toml import lines_of, parse

TEXT = '''name = "x"       # 1
text = """
[not.a.table]
nor = "a key"
"""
list = [
  "a = 1",
  [1, 2],
]
[one]
"quoted key" = 1
draw.day = { a = 1 }
[[many]]
x = 1
[[many]]
x = 2
[many.below]
y = 3
[[many.deep]]
z = 4
'''


def test_lines_are_found_by_path() -> None:
    found = lines_of(TEXT)
    assert found == {
        ("name",): 1,
        ("text",): 2,
        ("list",): 6,
        ("one",): 10,
        ("one", "quoted key"): 11,
        ("one", "draw"): 12,
        ("one", "draw", "day"): 12,
        ("many", 1): 13,
        ("many", 1, "x"): 14,
        ("many", 2): 15,
        ("many", 2, "x"): 16,
        ("many", 2, "below"): 17,
        ("many", 2, "below", "y"): 18,
        ("many", 2, "deep", 1): 19,
        ("many", 2, "deep", 1, "z"): 20,
    }


VALUES = ("1", '"a # b"', "'[x]'", "[\n  1,\n  2,\n]", '"""\nfoo = 1\n[bar]\n"""', "{ a = 1 }")


@given(
    st.lists(st.tuples(st.text(string.ascii_lowercase, min_size=1, max_size=6), st.sampled_from(VALUES)), unique_by=lambda item: item[0])
)
def test_every_key_of_the_top_is_where_it_was_written(pairs: list[tuple[str, str]]) -> None:
    lines: list[str] = []
    wanted = {}
    for key, value in pairs:
        wanted[(key,)] = len(lines) + 1
        lines += f"{key} = {value}".split("\n")
    assert {place: line for place, line in lines_of("\n".join(lines)).items() if len(place) == 1} == wanted


@pytest.mark.parametrize(
    ("take", "complaint"),
    [
        (lambda top: top.done(), r"f:1: unknown key 'name'"),
        (lambda top: top.take("list", int), r"f:6: 'list' must be a whole number"),
        (lambda top: top.table("one").take("drew", dict), r"f:12: \[one\]: 'drew' is missing \(is it 'draw', misspelt\?\)"),
        (lambda top: top.tables("many", "item")[1].take("x", str), r"f:16: item 2: 'x' must be text, not 2"),
        (lambda top: top.tables("many")[1].table("below").done(), r"f:18: many 2: \[below\]: unknown key 'y'"),
        (lambda top: top.tables("many")[0].take("other", str), r"f:13: many 1: 'other' is missing; add it"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(take, complaint: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UsageError, match=complaint):
        take(parse(TEXT, "f"))
