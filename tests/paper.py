"""The browser on paper has moved into the package: `bakeoff.environments.browser.paper`, where audits use it as well."""

from bakeoff.environments.browser.paper import Node, Paper, PaperEnvironment, Parser

__all__ = ["Node", "Paper", "PaperEnvironment", "Parser"]
