"""Fixtures that several files of tests share; a file that has one of the same name of its own keeps it."""

from desk import browser, server  # noqa: F401
