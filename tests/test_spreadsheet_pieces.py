"""Numbers put together from small ones: told from counters, fractions and units, which any model has."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from bakeoff.environments.spreadsheet.formulas import Reference
from bakeoff.environments.spreadsheet.judge.pieces import MOST, Piece, heaviest


@dataclass(frozen=True)
class Sheet:
    """Row 90 holds a helper that nothing given reaches, row 91 a text of the worker's own; rows beyond 100 are empty; all else is given."""

    helper: Piece | None = None

    def constant(self, ref: Reference) -> Piece | None:
        if ref.first.row > 100:
            return Piece(0)
        return self.helper if ref.first.row == 90 else Piece(1, None, True) if ref.first.row == 91 else None

    def inside(self, ref: Reference) -> bool:
        return ref.bounds[2] <= 100

    def hollow(self, ref: Reference) -> bool:
        return ref.bounds[2] > 220

    def wordy(self, ref: Reference) -> str:
        return "a note of 2026" if ref.first.row == 91 else ""


def weight(formula: str, helper: Piece | None = None) -> int:
    """The most pieces of a number in a formula."""
    return heaviest(formula, Sheet(helper))[0]


@pytest.mark.parametrize(
    "formula",
    [
        "=C5*(1/12)",
        "=(1+C4)^-(COLUMN()-COLUMN($C$1)+1)",
        "=C5/365*1000000/1000",
        "=IF(C5=0,0,IF(C6>0,1,-1))*C7",
        "=ROWS($C$5:C9)*C2",
        "=C5*(1+1+1+1+1+1)",
        "=IF(C5>0,ROUND(0.5,0)*C5,0)",
        "=PMT(C5/12,12*5,-C6)",
        "=MAX(0,MIN(C5,C6)-10%*C7)",
        '=IF(C5="FY2026",C6,0)*C7',
        '=INDEX(C5:C9,MATCH("Year 12",C1:C4,0))*2',
        '=SUMIF(C1:C9,">2020",D1:D9)/1000',
        '=VALUE(TEXT(C5,"0.00"))',
        "=COUNTIF(C5:C99,C4)*C6",
        '=COUNTIF(C5:C999,"paid")*C6',
        "=SUM(C5:C999)*2",
        "=SUM(C5:C9,1,C7)",
    ],
)
def test_what_a_model_needs_may_stand_in_it(formula: str) -> None:
    assert weight(formula) <= MOST


@pytest.mark.parametrize(
    "formula",
    [
        "=IF(C5=1,12*1000+3*100+4*10+45/100,C6)",
        '=IF(C5=1,LEN("forty times a letter"),C6)',
        "=IF(C5=1,ROW(A12345),C6)",
        "=IF(C5=1,ROWS(A1:A5723),C6)",
        "=IF(C5=1,VALUE(1&2&3&4),C6)",
        "=C5+1000+100+10+10+1/10",
        "=CHOOSE(1,10^3+10^2+4*(2+0.5),C6)",
        "=SUM(1000,100,100,10,10,1)*C5",
        "=SUM(100,10,4,1,0.5,0*C5)",
        "=NPV(0,100,10,4,1,0.5,C5*0)",
        "=PRODUCT(100+10,1+1/2+1/10,C5^0)",
        "=IF(C5=1,(100+10+1+1+0.5)+-1^2*(100+10+1+1+0.5),C6)",
        "=IF(C5=1,(100+10+4+1+0.5)^0^1^2*(100+10+4+1+0.5),C6)",
        '=IF(C5=1,("1900-04-24"&"")+0.5,C6)',
        '=IF(C5=1,IF(C6=1,"$115.50",C7)+0,C6)',
        '=IF(C5=1,MID("x115.5x"&"",2,6),C6)*1',
        '=IF(C5=1,VALUE(MID("x115.5x"&"",2,4)),C6)',
        '=LEN("a text so long that it counts"&C5)-LEN(C5)',
        '=FIND("z",REPT("x",100+10+4)&"z"&C5)',
        "=LEN(A91)",
        "=A91+C5",
        "=VALUE(LEFT(A91,4))",
        "=EDATE(A91,0*C5)",
        "=COUNTBLANK(C300:C1455)/10",
        "=COUNTBLANK(C5:C1455)*C6",
        "=SUMPRODUCT((C300:C1455=0)*1)/10",
        "=SUMPRODUCT(ISBLANK(C5:C1455)*1)",
        "=COUNTIF(C5:C1455,C4)",
        '=COUNTIF(C5:C1455,"<>paid")',
    ],
)
def test_a_number_put_together_is_noticed(formula: str) -> None:
    assert weight(formula) > MOST


def test_helper_cells_count_by_what_they_are_made_of() -> None:
    assert weight("=A90*1000+C5", Piece(4, 4.5)) > MOST
    assert weight("=A90*1000+C5", Piece(30, 17.0)) <= MOST, "a counter, however it was made"
    assert heaviest("=12*4+9", Sheet())[1] == Piece(1, 57.0)
