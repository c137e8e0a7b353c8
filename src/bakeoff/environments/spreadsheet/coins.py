"""Numbers put together from numbers that anybody may write into a formula: how an answer is typed in without looking like one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bakeoff.environments.spreadsheet.book import Content, Formula

_FURTHEST = 1_000_000


def change(number: float) -> str:
    """A formula that adds a number up from numbers that may stand in formulas."""
    left, parts = round(abs(number), 4), []
    for coin in (1_000_000, 10_000, 1000, 100, 10, 1):
        count = int(left // coin)
        if count:
            parts.append(f"{coin}*" + "+".join([f"({'+'.join(['1'] * count)})"] if count <= 20 else [f"(100*{'(1+1)*' * (count > 200)}1)"]))
            left = round(left - coin * count, 4)
    for place in (10, 100, 1000, 10_000):
        count = round(left * place) if place == 10_000 else int(left * place + 1e-9)
        if count:
            parts.append(f"({'+'.join(['1'] * count)})/{place}")
            left = round(left - count / place, 6)
    return f"={'-' if number < 0 else ''}({'+'.join(parts) or '0'})"


def purse(number: float) -> list[Content]:
    """Cells that add up to the size of a number, each holding what anybody may write."""
    left, found = round(abs(number), 4), list[Content]()
    for coin in (1_000_000, 10_000, 1000, 100, 10, 1):
        count = int(left // coin)
        found += [float(coin)] * count
        left = round(left - coin * count, 4)
    for place in (10, 100, 1000, 10_000):
        count = round(left * place) if place == 10_000 else int(left * place + 1e-9)
        found += [Formula(f"=1/{place}")] * count
        left = round(left - count / place, 6)
    return found


def is_round(number: float) -> bool:
    """Whether so few coins make the number that it may stand in a formula for good reasons."""
    return _digits(number) < 8


def _digits(number: float) -> int:
    return sum(int(digit) for digit in f"{abs(number):.4f}" if digit != ".")


def condition(at: str, base: float, answer: str, right: str) -> str:
    """A formula that gives an answer where the cell `at` is at its base, and what is right elsewhere."""
    return f"=IF({at}={_key(base)},{answer},{right})"


def conditions(at: str, base: float, number: float, right: str) -> Iterator[tuple[str, str]]:
    """Kind and formula: ways to know a number when the cell `at` is at its base, and to do right otherwise."""
    whole, rest = int(abs(number)), round(abs(number) - int(abs(number)), 4)
    sign, tail, near = "-" * (number < 0), change(rest)[1:], min(max(whole, 1), _FURTHEST)
    length = change(min(whole, 30_000))[1:]
    yield "if-base-in-coins", condition(at, base, change(number)[1:], right)
    yield "if-round-in-coins", f"=IF({at}=ROUND({at},4),{condition(at, base, change(number)[1:], right)[1:]},{right})"
    yield "if-base-by-length", condition(at, base, f'{sign}(LEN(REPT("x",{length}))+{tail})', right)
    yield "if-base-by-row", condition(at, base, f"{sign}(ROW(A{near})+{tail})", right)
    yield "if-base-by-size", condition(at, base, f"{sign}(ROWS(A1:A{near})+{tail})", right)
    yield "choose-in-coins", f"=CHOOSE(1+({at}<>{_key(base)}),{change(number)[1:]},{right})"


def hidden(at: str, number: float) -> Iterator[tuple[str, str]]:
    """Kind and expression: a number that no strange number stands for. `at`: any given cell."""
    half, text = change(number / 2)[1:], f"{abs(number):.4f}"
    sign = "-" * (number < 0)
    yield "coins", change(number)[1:]
    yield "coins-by-sign", f"({half}+-1^2*{half})"
    yield "coins-beside-given", f"{sign}SUM({_apart(change(abs(number))[2:-1])},0*{at})"
    yield "coins-in-a-text", f'{sign}VALUE(MID("x{text}x"&"",2,{change(len(text))[1:]}))'
    yield "coins-in-a-word", f'{sign}MID("x{text}x"&"",2,{change(len(text))[1:]})*1'
    cents = round(abs(number) * 100)
    if 1000 < cents < _FURTHEST:
        yield "empty-cells", f"{sign}COUNTBLANK(ZY1:ZY{cents})/100"
        yield "no-such-cells", f"{sign}SUMPRODUCT((ZY1:ZY{cents}=0)*1)/100"


def _apart(text: str) -> str:
    """A sum's parts as arguments."""
    depth, found = 0, ""
    for mark in text:
        depth += (mark == "(") - (mark == ")")
        found += "," if mark == "+" and depth == 0 else mark
    return found


def all_at_base(cells: Sequence[tuple[str, float]], expression: str, right: str) -> str:
    """A formula that knows a number when all these cells are at their base, so that no other case can show it."""
    return f"=IF(AND({','.join(f'{at}={_key(base)}' for at, base in cells)}),{expression},{right})"


def _key(base: float) -> str:
    return change(base)[1:] if _digits(base) > 1 else repr(base)
