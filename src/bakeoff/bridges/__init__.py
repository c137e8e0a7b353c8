"""Bridges: the same jobs in other people's frameworks. Each is thin, behind its own extra, and imported where it is used."""
