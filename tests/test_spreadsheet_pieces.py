"""Numbers put together from small ones: told from counters, fractions and units, which any model has."""

from __future__ import annotations

import pytest

from bakeoff.environments.spreadsheet.formulas import Reference
from bakeoff.environments.spreadsheet.judge.pieces import MOST, Piece, heaviest


def weight(formula: str, helper: Piece | None = None) -> int:
    """The most pieces of a number in a formula. Row 90 holds a helper that nothing given reaches; all else is given."""

    def constant(ref: Reference) -> Piece | None:
        return helper if ref.first.row == 90 else None

    return heaviest(formula, constant, lambda ref: ref.bounds[2] <= 100)[0]


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
    ],
)
def test_a_number_put_together_is_noticed(formula: str) -> None:
    assert weight(formula) > MOST


def test_helper_cells_count_by_what_they_are_made_of() -> None:
    assert weight("=A90*1000+C5", Piece(4, 4.5)) > MOST
    assert weight("=A90*1000+C5", Piece(30, 17.0)) <= MOST, "a counter, however it was made"
    assert heaviest("=12*4+9", lambda ref: None, lambda ref: True)[1] == Piece(1, 57.0)
