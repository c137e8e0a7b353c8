"""The job families: each draws a model's structure for a house, with a reference in plain Python that shares nothing with its formulas."""

from __future__ import annotations

from bakeoff.environments.spreadsheet.families.budget import BUDGET
from bakeoff.environments.spreadsheet.families.loan import LOAN
from bakeoff.environments.spreadsheet.model import Family

FAMILIES: dict[str, Family] = {family.name: family for family in (LOAN, BUDGET)}
