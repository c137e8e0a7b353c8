"""The browser on paper has moved into the package: `bakeoff.environments.browser.paper`, where audits use it as well."""

from bakeoff.environments.browser.dom import Node, Parser
from bakeoff.environments.browser.paper import Paper, PaperEnvironment

__all__ = ["Node", "Paper", "PaperEnvironment", "Parser"]
