"""Functions that formulas may use: those on which the engines agree and Excel does too (tests/test_spreadsheet_engines.py holds them together).

Left out on purpose: functions whose value depends on when or where they are calculated (NOW, RAND, CELL), that hide what they refer to (OFFSET, INDIRECT),
that spill over several cells (FILTER, SEQUENCE) or define functions (LAMBDA), and whatever an engine lacks.
"""

from __future__ import annotations

AREAS = frozenset(
    "SUM AVERAGE MIN MAX COUNT COUNTA COUNTBLANK PRODUCT SUMPRODUCT SUMIF SUMIFS COUNTIF COUNTIFS AVERAGEIF AVERAGEIFS MINIFS MAXIFS MEDIAN LARGE SMALL "
    "STDEV STDEVP STDEV.S STDEV.P VAR VARP VAR.S VAR.P NPV IRR XNPV XIRR MIRR INDEX MATCH VLOOKUP HLOOKUP LOOKUP XLOOKUP XMATCH ROWS COLUMNS ROW COLUMN "
    "AND OR SUMSQ SUBTOTAL QUARTILE PERCENTILE RANK CORREL SLOPE INTERCEPT CONCAT TEXTJOIN".split()
)
"""These take areas of cells as arguments."""

SCALARS = frozenset(
    "IF IFERROR IFNA IFS SWITCH CHOOSE NOT TRUE FALSE XOR ABS ROUND ROUNDUP ROUNDDOWN INT TRUNC MOD SIGN SQRT POWER EXP LN LOG LOG10 CEILING FLOOR MROUND EVEN ODD "
    "PMT IPMT PPMT PV FV NPER RATE CUMIPMT CUMPRINC EFFECT NOMINAL SLN SYD DB DDB "
    "DATE YEAR MONTH DAY EDATE EOMONTH DAYS DAYS360 YEARFRAC WEEKDAY DATEDIF NETWORKDAYS WORKDAY "
    "ISNUMBER ISTEXT ISBLANK ISERROR ISERR ISNA ISLOGICAL ISEVEN ISODD NA N T VALUE TEXT LEFT RIGHT MID LEN TRIM UPPER LOWER PROPER FIND SEARCH SUBSTITUTE REPLACE "
    "CONCATENATE REPT EXACT CHAR PI".split()
)
"""These take one value for each argument."""

ALLOWED = AREAS | SCALARS

NATIVE = frozenset({"SUMPRODUCT"})
"""Within these an operation on areas goes cell by cell without more ado; elsewhere Excel would take one cell of each."""

PREFIXED = frozenset("IFNA IFS SWITCH XOR MINIFS MAXIFS STDEV.S STDEV.P VAR.S VAR.P XLOOKUP XMATCH DAYS CONCAT TEXTJOIN".split())
"""Newer than the file format: a file names them with `_xlfn.` in front, or Excel shows #NAME?."""
