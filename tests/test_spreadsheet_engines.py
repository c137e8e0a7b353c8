"""The two engines agree on every function that formulas may use, and with what Excel is documented to give where a figure is well known."""

from __future__ import annotations

import math

import pytest

from bakeoff.environments.spreadsheet import formulas
from bakeoff.environments.spreadsheet.book import Book, ErrorValue, Formula, Sheet
from bakeoff.environments.spreadsheet.engines import ENGINES
from bakeoff.environments.spreadsheet.functions import ALLOWED, AREAS, PREFIXED, SCALARS
from bakeoff.environments.spreadsheet.spec import Spot

NUMBERS = (-70000.0, 12000.0, 15000.0, 18000.0, 21000.0, 26000.0)
"""A1:A6. B1:B6 are 1 to 6, C1:C6 dates a year apart, D1:D6 texts, E1:E6 a mixture with a truth value and a gap; F1 is 0.08."""


def book(cases: list[str]) -> Book:
    sheet = Sheet("S")
    for row, number in enumerate(NUMBERS, 1):
        sheet.cells[row, 1] = number
        sheet.cells[row, 2] = float(row)
        sheet.cells[row, 3] = 45657.0 + 365 * row + (row >= 4)
        sheet.cells[row, 4] = ("pear", "apple", "fig", "plum", "fig", "Apple")[row - 1]
    sheet.cells |= {(1, 5): 5.0, (2, 5): "x", (3, 5): True, (5, 5): -2.5, (6, 5): 0.0, (1, 6): 0.08}
    for index, text in enumerate(cases):
        sheet.cells[10 + index, 8] = Formula(text)
    return Book([sheet])


CASES: dict[str, float | str | bool | None] = {
    # expected: a well known figure, or None where only the engines' agreement is asked for
    "=SUM(A1:A6)": 22000.0, "=SUM(A1:A3,5,E1:E6)": -42992.5, "=AVERAGE(B1:B6)": 3.5, "=MIN(A1:A6,B1)": -70000.0, "=MAX(A1:A6)": 26000.0,
    "=COUNT(E1:E6)": 3.0, "=COUNTA(E1:E6)": 5.0, "=COUNTBLANK(E1:E6)": 1.0, "=PRODUCT(B1:B6)": 720.0, "=SUMPRODUCT(B1:B6,B1:B6)": 91.0,
    "=SUMPRODUCT((B1:B6>2)*B1:B6)": 18.0, "=SUMIF(B1:B6,\">=3\",A1:A6)": 80000.0, "=SUMIF(D1:D6,\"fig\",B1:B6)": 8.0,
    "=SUMIFS(A1:A6,B1:B6,\">1\",D1:D6,\"fig\")": 36000.0, "=COUNTIF(D1:D6,\"apple\")": 2.0, "=COUNTIFS(B1:B6,\">1\",B1:B6,\"<5\")": 3.0,
    "=AVERAGEIF(B1:B6,\">3\")": 5.0, "=AVERAGEIFS(A1:A6,B1:B6,\">3\")": None, "=MINIFS(A1:A6,B1:B6,\">2\")": 15000.0, "=MAXIFS(A1:A6,B1:B6,\"<3\")": 12000.0,
    "=MEDIAN(B1:B6)": 3.5, "=LARGE(A1:A6,2)": 21000.0, "=SMALL(A1:A6,2)": 12000.0, "=STDEV(B1:B6)": math.sqrt(3.5), "=STDEVP(B1:B6)": None,
    "=STDEV.S(B1:B6)": math.sqrt(3.5), "=STDEV.P(B1:B6)": None, "=VAR(B1:B6)": 3.5, "=VARP(B1:B6)": None, "=VAR.S(B1:B6)": 3.5, "=VAR.P(B1:B6)": None,
    "=SUMSQ(B1:B6)": 91.0, "=SUBTOTAL(9,A1:A6)": 22000.0, "=QUARTILE(B1:B6,1)": 2.25, "=PERCENTILE(B1:B6,0.9)": 5.5, "=RANK(15000,A1:A6)": 4.0,
    "=CORREL(A1:A6,B1:B6)": None, "=SLOPE(A1:A6,B1:B6)": None, "=INTERCEPT(A1:A6,B1:B6)": None, "=ROWS(A1:B6)": 6.0, "=COLUMNS(A1:B6)": 2.0,
    "=ROW(A3)": 3.0, "=COLUMN(C1)": 3.0,  "=AND(B1=1,B2=2)": True, "=OR(B1=2,B2=2)": True, "=XOR(B1=1,B2=2)": False, "=NOT(B1=1)": False,
    "=NPV(F1,A2:A6)": None, "=NPV(F1,A2:A6)+A1": None, "=IRR(A1:A6)": 0.08663, "=IRR(A1:A5)": -0.02124, "=XNPV(F1,A1:A6,C1:C6)": None, "=XIRR(A1:A6,C1:C6)": None,
    "=MIRR(A1:A6,0.1,0.12)": None, "=INDEX(A1:B6,3,2)": 3.0, "=INDEX(A1:A6,4)": 18000.0, "=MATCH(15000,A1:A6,0)": 3.0, "=MATCH(16000,A2:A6,1)": 2.0,
    "=VLOOKUP(\"fig\",D1:E6,2,FALSE)": True, "=VLOOKUP(3.5,B1:C6,1,TRUE)": 3.0, "=HLOOKUP(1,B1:C6,3,FALSE)": 3.0, "=LOOKUP(3.5,B1:B6,A1:A6)": 15000.0,
    "=XLOOKUP(4,B1:B6,A1:A6)": 18000.0, "=XLOOKUP(9,B1:B6,A1:A6,-1)": -1.0, "=XLOOKUP(3.5,B1:B6,A1:A6,0,-1)": 15000.0, "=XMATCH(4,B1:B6)": 4.0,
    "=IF(B1>0,\"yes\",\"no\")": "yes", "=IFERROR(1/0,7)": 7.0, "=IFNA(NA(),8)": 8.0, "=IFS(B1>1,1,B2>1,2)": 2.0, "=SWITCH(B3,1,10,3,30,0)": 30.0,
    "=SWITCH(9,1,10,0)": 0.0, "=CHOOSE(2,10,20,30)": 20.0, "=CHOOSE(B3,A1,A2,A3)": 15000.0, "=TRUE()": True, "=FALSE()": False, "=ABS(-3)": 3.0,
    "=ROUND(2.345,2)": 2.35, "=ROUND(-2.5,0)": -3.0, "=ROUND(1234.5,-2)": 1200.0, "=ROUNDUP(2.341,2)": 2.35, "=ROUNDUP(-2.341,2)": -2.35, "=ROUNDDOWN(2.349,2)": 2.34,
    "=INT(-2.5)": -3.0, "=TRUNC(-2.567,1)": -2.5, "=MOD(-7,3)": 2.0, "=MOD(7.5,2)": 1.5, "=SIGN(-4)": -1.0, "=SQRT(2)": math.sqrt(2), "=POWER(2,0.5)": math.sqrt(2),
    "=EXP(1)": math.e, "=LN(10)": math.log(10), "=LOG(8,2)": 3.0, "=LOG10(1000)": 3.0, "=CEILING(2.1,0.5)": 2.5, "=FLOOR(2.9,0.5)": 2.5, "=MROUND(7,3)": 6.0,
    "=EVEN(3)": 4.0, "=ODD(4)": 5.0, "=PMT(F1/12,60,10000)": -202.76394, "=PMT(0,10,1000)": -100.0, "=IPMT(F1/12,3,60,10000)": None, "=PPMT(F1/12,3,60,10000)": None,
    "=PV(F1,5,-100)": 399.27100, "=FV(F1,5,-100)": 586.66010, "=NPER(F1,-200,1000)": None, "=RATE(5,-250,1000)": 0.07931, "=CUMIPMT(F1/12,60,10000,1,12,0)": None,
    "=CUMPRINC(F1/12,60,10000,1,12,0)": None, "=EFFECT(F1,12)": 0.0829995, "=NOMINAL(F1,12)": None, "=SLN(1000,100,5)": 180.0, "=SYD(1000,100,5,2)": 240.0,
    "=DB(1000,100,5,2)": None, "=DDB(1000,100,5,2)": 240.0, "=DATE(2026,14,1)": 46419.0, "=DATE(2026,3,31)": 46112.0, "=YEAR(46112)": 2026.0, "=MONTH(46112)": 3.0,
    "=DAY(46112)": 31.0, "=EDATE(46112,1)": 46142.0, "=EDATE(46112,-1)": 46081.0, "=EOMONTH(46112,0)": 46112.0, "=EOMONTH(46112,1)": 46142.0,
    "=DAYS(46142,46112)": 30.0, "=DAYS360(46112,46142)": 30.0, "=YEARFRAC(46023,46112,0)": None, "=YEARFRAC(46023,46112,1)": None, "=YEARFRAC(46023,46112,2)": None,
    "=YEARFRAC(46023,46112,3)": 89 / 365, "=WEEKDAY(46112)": 3.0, "=WEEKDAY(46112,2)": 2.0, "=DATEDIF(46023,46112,\"m\")": 2.0, "=NETWORKDAYS(46112,46142)": 23.0,
    "=WORKDAY(46112,10)": 46126.0, "=ISNUMBER(A1)": True, "=ISTEXT(D1)": True, "=ISBLANK(E4)": True, "=ISERROR(1/0)": True, "=ISERR(NA())": False, "=ISNA(NA())": True,
    "=ISLOGICAL(E3)": True, "=ISEVEN(4)": True, "=ISODD(4)": False, "=N(E3)": 1.0, "=T(D1)": "pear", "=VALUE(\"12.5\")": 12.5, "=TEXT(0.256,\"0.0%\")": "25.6%",
    "=TEXT(1234.5,\"#,##0.00\")": "1,234.50", "=LEFT(D1,2)": "pe", "=RIGHT(D1,2)": "ar", "=MID(D1,2,2)": "ea", "=LEN(D1)": 4.0, "=TRIM(\"  a  b \")": "a b",
    "=UPPER(D1)": "PEAR", "=LOWER(D6)": "apple", "=PROPER(\"new york\")": "New York", "=FIND(\"a\",D1)": 3.0, "=SEARCH(\"A\",D1)": 3.0,
    "=SUBSTITUTE(D1,\"p\",\"b\")": "bear", "=REPLACE(D1,1,1,\"b\")": "bear", "=CONCATENATE(D1,\"s\")": "pears", "=CONCAT(D1:D2)": "pearapple",
    "=TEXTJOIN(\", \",TRUE,D1:D3)": "pear, apple, fig", "=REPT(\"ab\",2)": "abab", "=EXACT(D2,D6)": False, "=CHAR(65)": "A", "=PI()": math.pi,
    "=D2=D6": True, "=\"a\"<\"B\"": True, "=-2^2": 4.0, "=2^-1": 0.5, "=2^3^2": 64.0, "=10%": 0.1, "=50%*B2": 1.0, "=B1&\"-\"&B2": "1-2", "=1=TRUE": False,
    "=E4+1": 1.0, "=E3+1": 2.0, "=\"3\"+1": 4.0, "=E4=0": True, "=E4=\"\"": True, "=1/0": "#DIV/0!", "=D1+1": "#VALUE!", "=SQRT(-1)": "#NUM!", "=MATCH(9,B1:B6,0)": "#N/A",
     "=IF(TRUE,,5)": 0.0, "=IF(FALSE,5)": False, "=MAX(0,-A1*0.25)": 17500.0, "=ROUND(2.5,0)=3": True, "=SUM(A:A)": 22000.0,
}  # fmt: skip

TESTED = list(CASES)


@pytest.fixture(scope="module")
def values() -> dict[str, dict[str, object]]:
    found = {}
    made = book(TESTED)
    spots = [Spot("S", 10 + index, 8) for index in range(len(TESTED))]
    for engine in ENGINES:
        shown = engine(made).values(spots)
        found[engine.name] = dict(zip(TESTED, shown.values(), strict=True))
    return found


def same(one: object, two: object) -> bool:
    if isinstance(one, float) and isinstance(two, float) and not isinstance(one, bool):
        return math.isclose(one, two, rel_tol=1e-9, abs_tol=1e-9)
    return type(one) is type(two) and one == two


@pytest.mark.parametrize("text", TESTED)
def test_engines_agree(values: dict[str, dict[str, object]], text: str) -> None:
    one, two = (values[engine.name][text] for engine in ENGINES)
    assert same(one, two), f"{text}: {one!r} against {two!r}"
    expected = CASES[text]
    if isinstance(expected, float) and not isinstance(expected, bool):
        assert isinstance(one, float) and math.isclose(one, expected, rel_tol=3e-4), one
    elif isinstance(expected, str) and expected.startswith("#"):
        assert isinstance(one, ErrorValue) and one == expected
    elif expected is not None:
        assert one == expected and type(one) is type(expected)


def test_every_function_that_may_be_used_is_tried() -> None:
    tried = {name for text in TESTED for name in formulas.functions(text)}
    assert tried >= ALLOWED, sorted(ALLOWED - tried)
    assert PREFIXED <= ALLOWED and not AREAS & SCALARS
    for text in TESTED:
        formulas.check(text)


@pytest.mark.parametrize(
    "name",
    [
        "NOW",
        "TODAY",
        "RAND",
        "RANDBETWEEN",
        "OFFSET",
        "INDIRECT",
        "CELL",
        "INFO",
        "LAMBDA",
        "LET",
        "FILTER",
        "WEBSERVICE",
        "HYPERLINK",
        "CALL",
    ],
)
def test_functions_that_may_not_be_used(name: str) -> None:
    with pytest.raises(formulas.FormulaError, match=name):
        formulas.check(f"={name}(A1)")
