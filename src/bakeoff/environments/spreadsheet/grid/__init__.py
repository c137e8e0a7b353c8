"""The same spreadsheet jobs in a web spreadsheet: a grid that others wrote, in real Chromium, with the workbook kept on the server."""
