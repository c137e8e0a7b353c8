"""What a final state is, how it can be wrong, and what about it does not matter. Known by environments and audits alike; knows only `core`."""

from bakeoff.proofs.freedom import (
    Freedom,
    any_case,
    any_order,
    any_space,
    any_value,
    excuse,
    ignored_table,
    latest_only,
    new_numbers,
)
from bakeoff.proofs.hooks import Canaries, WrongState
from bakeoff.proofs.mutate import OPERATORS, Mutant, mutants
from bakeoff.proofs.tables import Edit, FinalState, Key, Refused, Row, Rows, Tables

__all__ = [
    "OPERATORS",
    "Canaries",
    "Edit",
    "FinalState",
    "Freedom",
    "Key",
    "Mutant",
    "Refused",
    "Row",
    "Rows",
    "Tables",
    "WrongState",
    "any_case",
    "any_order",
    "any_space",
    "any_value",
    "excuse",
    "ignored_table",
    "latest_only",
    "mutants",
    "new_numbers",
]
