"""Spreadsheet work: financial models in real .xlsx files."""
