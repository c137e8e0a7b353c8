"""The apprentice at a spreadsheet: reads a workbook as rows on a timeline, guesses how a row is reckoned, tries it, and learns from the outcome."""
