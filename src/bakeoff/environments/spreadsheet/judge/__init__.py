"""The verdict on a saved workbook, reached from the file alone."""

from bakeoff.environments.spreadsheet.judge.verify import judge

__all__ = ["judge"]
