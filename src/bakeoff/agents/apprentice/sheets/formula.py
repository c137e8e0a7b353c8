"""Formulas as trees: read from A1, moved, written again, compared in relative form, and reckoned."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

Value = float | str | bool | None
"""What a cell holds: a number, text, a truth value, or nothing."""


class Unreadable(ValueError):
    """The text is no formula that this reader knows."""


class Unknown(Exception):
    """The formula cannot be reckoned here: it uses a function or a name that this reckoner does not know."""


@dataclass(frozen=True, slots=True)
class Number:
    value: float


@dataclass(frozen=True, slots=True)
class Text:
    value: str


@dataclass(frozen=True, slots=True)
class Name:
    """A defined name, or TRUE or FALSE."""

    name: str


@dataclass(frozen=True, slots=True)
class Ref:
    """One cell. `sheet` is empty for the sheet that the formula stands on. `fixed_*`: written with a dollar sign."""

    sheet: str
    row: int
    column: int
    fixed_row: bool = False
    fixed_column: bool = False


@dataclass(frozen=True, slots=True)
class Range:
    first: Ref
    last: Ref


@dataclass(frozen=True, slots=True)
class Unary:
    """`-x`, `+x`, or `x%` (operator `%`)."""

    operator: str
    operand: Node


@dataclass(frozen=True, slots=True)
class Binary:
    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Call:
    function: str
    arguments: tuple[Node, ...]


Node = Number | Text | Name | Ref | Range | Unary | Binary | Call

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<ref>(?:(?:'(?:[^']|'')+'|[A-Za-z_][\w.]*)!)?\$?[A-Za-z]{1,3}\$?[0-9]{1,7}(?![\w.(]))
    | (?P<number>[0-9]+\.?[0-9]*(?:[eE][+-]?[0-9]+)?|\.[0-9]+(?:[eE][+-]?[0-9]+)?)
    | (?P<text>"(?:[^"]|"")*")
    | (?P<name>[A-Za-z_\\][\w.]*)
    | (?P<operator><=|>=|<>|[-+*/^&=<>%(),:])
    )""",
    re.VERBOSE,
)
_REF = re.compile(r"(?:(?P<tab>'(?:[^']|'')+'|[A-Za-z_][\w.]*)!)?(?P<fc>\$?)(?P<column>[A-Za-z]{1,3})(?P<fr>\$?)(?P<row>[0-9]{1,7})$")
_LEVELS = (("=", "<>", "<", ">", "<=", ">="), ("&",), ("+", "-"), ("*", "/"), ("^",))


def column_number(letters: str) -> int:
    """`A` is 1."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number


def column_letters(number: int) -> str:
    """1 is `A`."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def quoted(sheet: str) -> str:
    """A sheet's name as it stands before `!`."""
    return sheet if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", sheet) else "'" + sheet.replace("'", "''") + "'"


def read_ref(text: str, sheet: str = "") -> Ref | None:
    """`Model!$C$5` as a cell; None when the text is none. `sheet` where the text names no sheet."""
    match = _REF.fullmatch(text.strip())
    if match is None:
        return None
    named = match["tab"]
    if named is not None:
        sheet = named[1:-1].replace("''", "'") if named.startswith("'") else named
    return Ref(sheet, int(match["row"]), column_number(match["column"]), bool(match["fr"]), bool(match["fc"]))


def parse(text: str) -> Node:
    """Reads a formula, with or without the leading `=`. Raises `Unreadable`."""
    tokens: list[tuple[str, str]] = []
    rest = text.strip().removeprefix("=")
    at = 0
    while at < len(rest.rstrip()):
        match = _TOKEN.match(rest, at)
        if match is None or match.lastgroup is None:
            raise Unreadable(f"cannot read {text!r} from {rest[at:]!r} on")
        tokens.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    reader = _Reader(tokens, text)
    node = reader.level(0)
    if reader.at < len(tokens):
        raise Unreadable(f"cannot read {text!r}: {tokens[reader.at][1]!r} comes unexpected")
    return node


class _Reader:
    def __init__(self, tokens: list[tuple[str, str]], text: str) -> None:
        self.tokens, self.text, self.at = tokens, text, 0

    def peek(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) and self.tokens[self.at][0] == "operator" else ""

    def take(self, wanted: str) -> None:
        if self.peek() != wanted:
            raise Unreadable(f"cannot read {self.text!r}: {wanted!r} is missing")
        self.at += 1

    def level(self, depth: int) -> Node:
        if depth == len(_LEVELS):
            return self.prefix()
        node = self.level(depth + 1)
        while self.peek() in _LEVELS[depth]:
            operator = self.peek()
            self.at += 1
            node = Binary(operator, node, self.level(depth + 1))
        return node

    def prefix(self) -> Node:
        if self.peek() in ("-", "+"):
            operator = self.peek()
            self.at += 1
            return Unary(operator, self.prefix())
        node = self.atom()
        while self.peek() == "%":
            self.at += 1
            node = Unary("%", node)
        return node

    def atom(self) -> Node:
        if self.at >= len(self.tokens):
            raise Unreadable(f"cannot read {self.text!r}: it ends too early")
        kind, piece = self.tokens[self.at]
        self.at += 1
        if kind == "number":
            return Number(float(piece))
        if kind == "text":
            return Text(piece[1:-1].replace('""', '"'))
        if kind == "ref":
            first = read_ref(piece)
            assert first is not None
            if self.peek() == ":":
                self.at += 1
                last = read_ref(self.tokens[self.at][1]) if self.at < len(self.tokens) else None
                if last is None:
                    raise Unreadable(f"cannot read {self.text!r}: a range lacks its end")
                self.at += 1
                return Range(first, replace(last, sheet=first.sheet))
            return first
        if kind == "name":
            if self.peek() != "(":
                return Name(piece)
            self.take("(")
            arguments: list[Node] = []
            while self.peek() != ")":
                arguments.append(self.level(0))
                if self.peek() == ",":
                    self.at += 1
                elif self.peek() != ")":
                    raise Unreadable(f"cannot read {self.text!r}: a bracket is not closed")
            self.take(")")
            return Call(piece.upper().removeprefix("_XLFN."), tuple(arguments))
        if piece == "(":
            node = self.level(0)
            self.take(")")
            return node
        raise Unreadable(f"cannot read {self.text!r}: {piece!r} comes unexpected")


# --- writing ---------------------------------------------------------------------------------------------------------------------------


def write_ref(ref: Ref, home: str = "") -> str:
    """A1, with the sheet unless it is `home` or none."""
    sheet = f"{quoted(ref.sheet)}!" if ref.sheet and ref.sheet != home else ""
    return f"{sheet}{'$' * ref.fixed_column}{column_letters(ref.column)}{'$' * ref.fixed_row}{ref.row}"


def write(node: Node, home: str = "") -> str:
    """The formula's text, without the leading `=`. `home`: the sheet on which it will stand."""
    return render(node, lambda ref: write_ref(ref, home), 0)


def relative(node: Node, row: int, column: int, home: str = "") -> str:
    """The formula as R1C1 text seen from a cell: equal for all cells of a row that was filled across."""

    def place(ref: Ref) -> str:
        sheet = f"{quoted(ref.sheet)}!" if ref.sheet and ref.sheet != home else ""
        down = f"R{ref.row}" if ref.fixed_row else f"R[{ref.row - row}]"
        across = f"C{ref.column}" if ref.fixed_column else f"C[{ref.column - column}]"
        return sheet + down + across

    return render(node, place, 0)


def render(node: Node, place: Callable[[Ref], str], depth: int = 0) -> str:
    """The formula's text with each cell written by `place`; `depth`: how tightly the surroundings bind."""
    match node:
        case Number(value):
            return repr(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)
        case Text(value):
            return '"' + value.replace('"', '""') + '"'
        case Name(name):
            return name
        case Ref():
            return place(node)
        case Range(first, last):
            return f"{place(first)}:{place(replace(last, sheet=''))}"
        case Unary("%", operand):
            return f"{render(operand, place, 6)}%"
        case Unary(operator, operand):
            text = f"{operator}{render(operand, place, 6)}"
            return f"({text})" if depth > 4 else text
        case Call(function, arguments):
            return f"{function}({','.join(render(argument, place, 0) for argument in arguments)})"
        case Binary(operator, left, right):
            level = next(level for level, group in enumerate(_LEVELS) if operator in group)
            text = f"{render(left, place, level)}{operator}{render(right, place, level + 1)}"
            return f"({text})" if depth > level else text


# --- walking ---------------------------------------------------------------------------------------------------------------------------


def rebuild(node: Node, change: Callable[[Ref], Ref]) -> Node:
    """The same tree with each cell replaced."""
    match node:
        case Ref():
            return change(node)
        case Range(first, last):
            return Range(change(first), change(last))
        case Unary(operator, operand):
            return Unary(operator, rebuild(operand, change))
        case Binary(operator, left, right):
            return Binary(operator, rebuild(left, change), rebuild(right, change))
        case Call(function, arguments):
            return Call(function, tuple(rebuild(argument, change) for argument in arguments))
        case _:
            return node


def move(node: Node, down: int, across: int) -> Node:
    """As copying does: what is not fixed moves along."""
    return rebuild(
        node,
        lambda ref: replace(ref, row=ref.row + (0 if ref.fixed_row else down), column=ref.column + (0 if ref.fixed_column else across)),
    )


def places(node: Node) -> Iterator[Ref | Range]:
    """Cells and ranges in the order of writing."""
    match node:
        case Ref() | Range():
            yield node
        case Unary(_, operand):
            yield from places(operand)
        case Binary(_, left, right):
            yield from places(left)
            yield from places(right)
        case Call(_, arguments):
            for argument in arguments:
                yield from places(argument)
        case _:
            return


def cells(node: Node, limit: int = 4000) -> Iterator[Ref]:
    """Every single cell that is read, ranges spelt out, at most `limit` of them."""
    count = 0
    for place in places(node):
        first, last = (place, place) if isinstance(place, Ref) else (place.first, place.last)
        for row in range(first.row, last.row + 1):
            for column in range(first.column, last.column + 1):
                count += 1
                if count > limit:
                    return
                yield Ref(first.sheet, row, column)


def numbers(node: Node) -> Iterator[float]:
    """The literal numbers in a formula."""
    match node:
        case Number(value):
            yield value
        case Unary(_, operand):
            yield from numbers(operand)
        case Binary(_, left, right):
            yield from numbers(left)
            yield from numbers(right)
        case Call(_, arguments):
            for argument in arguments:
                yield from numbers(argument)
        case _:
            return


def simplify(node: Node) -> Node:
    """The same value with double signs taken out and signs moved outwards."""
    while (plainer := _plainer(node)) != node:
        node = plainer
    return node


def _plainer(node: Node) -> Node:
    match node:
        case Unary("+", operand):
            return _plainer(operand)
        case Unary("-", Unary("-", operand)):
            return _plainer(operand)
        case Unary("-", Binary("-", left, right)):
            return Binary("-", _plainer(right), _plainer(left))
        case Unary("-", Number(0)):
            return Number(0.0)
        case Unary(operator, operand):
            return Unary(operator, _plainer(operand))
        case Binary("+", left, Unary("-", right)):
            return Binary("-", _plainer(left), _plainer(right))
        case Binary("-", left, Unary("-", right)):
            return Binary("+", _plainer(left), _plainer(right))
        case Binary("+", Unary("-", left), right):
            return Binary("-", _plainer(right), _plainer(left))
        case Binary("-", Unary("-", left), right):
            return Unary("-", Binary("+", _plainer(left), _plainer(right)))
        case Binary("*" | "/" as operator, Unary("-", left), Unary("-", right)):
            return Binary(operator, _plainer(left), _plainer(right))
        case Binary("*" | "/" as operator, Unary("-", left), right) | Binary("*" | "/" as operator, left, Unary("-", right)):
            return Unary("-", Binary(operator, _plainer(left), _plainer(right)))
        case Binary(operator, left, right):
            return Binary(operator, _plainer(left), _plainer(right))
        case Call(function, arguments):
            return Call(function, tuple(_plainer(argument) for argument in arguments))
        case _:
            return node


def substitute(node: Node, change: Callable[[Node], Node | None]) -> Node:
    """The tree with parts replaced, from the top down; None keeps a part and looks inside."""
    new = change(node)
    if new is not None:
        return new
    match node:
        case Unary(operator, operand):
            return Unary(operator, substitute(operand, change))
        case Binary(operator, left, right):
            return Binary(operator, substitute(left, change), substitute(right, change))
        case Call(function, arguments):
            return Call(function, tuple(substitute(argument, change) for argument in arguments))
        case _:
            return node


# --- reckoning -------------------------------------------------------------------------------------------------------------------------

Look = Callable[[Ref], Value]


def reckon(node: Node, look: Look) -> Value:
    """The value of a formula. Raises `Unknown` for what is not known here; an arithmetic error is not a number (nan)."""
    match node:
        case Number(value):
            return value
        case Text(value):
            return value
        case Ref():
            return look(node)
        case Name(name):
            if name.upper() in ("TRUE", "FALSE"):
                return name.upper() == "TRUE"
            raise Unknown(name)
        case Range():
            raise Unknown("a range by itself")
        case Unary(operator, operand):
            value = as_number(reckon(operand, look))
            return -value if operator == "-" else value / 100 if operator == "%" else value
        case Binary(operator, left, right):
            return _combine(operator, reckon(left, look), reckon(right, look))
        case Call(function, arguments):
            return _call(function, arguments, look)


def as_number(value: Value) -> float:
    """Empty counts as 0, text as not a number."""
    if value is None:
        return 0.0
    return math.nan if isinstance(value, str) else float(value)


def _combine(operator: str, left: Value, right: Value) -> Value:
    if operator == "&":
        return f"{'' if left is None else left}{'' if right is None else right}"
    if operator in _LEVELS[0] and isinstance(left, str) and isinstance(right, str):
        return {"=": left.lower() == right.lower(), "<>": left.lower() != right.lower()}.get(operator, math.nan)
    a, b = as_number(left), as_number(right)
    match operator:
        case "+":
            return a + b
        case "-":
            return a - b
        case "*":
            return a * b
        case "/":
            return a / b if b else math.nan
        case "^":
            try:
                power = a**b
            except (OverflowError, ZeroDivisionError):
                return math.nan
            return power if isinstance(power, float) else math.nan
        case "=":
            return a == b
        case "<>":
            return a != b
        case "<":
            return a < b
        case ">":
            return a > b
        case "<=":
            return a <= b
        case _:
            return a >= b


def _spread(arguments: tuple[Node, ...], look: Look) -> list[float]:
    """Numbers of all arguments; what is no number in a range is passed over."""
    found: list[float] = []
    for argument in arguments:
        if isinstance(argument, Range):
            values = [look(cell) for cell in cells(argument)]
            found += [float(value) for value in values if isinstance(value, float | int) and not isinstance(value, bool)]
        else:
            found.append(as_number(reckon(argument, look)))
    return found


def _call(function: str, arguments: tuple[Node, ...], look: Look) -> Value:
    def one(place: int) -> Value:
        return reckon(arguments[place], look)

    match function, len(arguments):
        case "SUM", _:
            return math.fsum(_spread(arguments, look))
        case "PRODUCT", _:
            return math.prod(_spread(arguments, look))
        case "AVERAGE", _:
            values = _spread(arguments, look)
            return math.fsum(values) / len(values) if values else math.nan
        case "MIN", _:
            return min(_spread(arguments, look), default=0.0)
        case "MAX", _:
            return max(_spread(arguments, look), default=0.0)
        case "COUNT", _:
            return float(len(_spread(arguments, look)))
        case "ABS", 1:
            return abs(as_number(one(0)))
        case "INT", 1:
            value = as_number(one(0))
            return float(math.floor(value)) if math.isfinite(value) else math.nan
        case "ROUND", 2:
            value, digits = as_number(one(0)), int(as_number(one(1)))
            return math.copysign(math.floor(abs(value) * 10**digits + 0.5) / 10**digits, value) if math.isfinite(value) else math.nan
        case "IF", 2 | 3:
            test = one(0)
            if isinstance(test, float) and math.isnan(test):
                return math.nan
            return one(1) if test else one(2) if len(arguments) == 3 else False
        case "IFERROR", 2:
            value_or_error = one(0)
            return one(1) if isinstance(value_or_error, float) and math.isnan(value_or_error) else value_or_error
        case "AND", _:
            return all(bool(one(place)) for place in range(len(arguments)))
        case "OR", _:
            return any(bool(one(place)) for place in range(len(arguments)))
        case "NOT", 1:
            return not one(0)
        case "CHOOSE", _ if len(arguments) > 1:
            chosen = as_number(one(0))
            return one(int(chosen)) if 1 <= chosen < len(arguments) else math.nan
        case "SUMPRODUCT", 2 if all(isinstance(argument, Range) for argument in arguments):
            pairs = zip(cells(arguments[0]), cells(arguments[1]), strict=False)
            return math.fsum(as_number(look(a)) * as_number(look(b)) for a, b in pairs)
        case _:
            raise Unknown(function)
