"""The job families: each draws a model's structure for a house, with a reference in plain Python that shares nothing with its formulas."""

from __future__ import annotations

from bakeoff.environments.spreadsheet.families.budget import BUDGET
from bakeoff.environments.spreadsheet.families.comps import COMPS
from bakeoff.environments.spreadsheet.families.dcf import DCF
from bakeoff.environments.spreadsheet.families.lbo import LBO
from bakeoff.environments.spreadsheet.families.lease import LEASE
from bakeoff.environments.spreadsheet.families.loan import LOAN
from bakeoff.environments.spreadsheet.families.merger import MERGER
from bakeoff.environments.spreadsheet.families.saas import SAAS
from bakeoff.environments.spreadsheet.families.sensitivity import SENSITIVITY
from bakeoff.environments.spreadsheet.families.statements import STATEMENTS
from bakeoff.environments.spreadsheet.model import Family

FAMILIES: dict[str, Family] = {
    family.name: family for family in (LOAN, BUDGET, SAAS, LEASE, STATEMENTS, DCF, LBO, MERGER, COMPS, SENSITIVITY)
}
