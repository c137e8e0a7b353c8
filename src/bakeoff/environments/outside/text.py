"""Texts with placeholders: `{port}`, `{tool.name}`. Two braces stand for one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from bakeoff.core import UsageError

_PLACE = re.compile(r"\{\{|\}\}|\{([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)\}")

Values = Mapping[str, Any]
"""What placeholders stand for: scalars, or mappings whose fields are named after a dot."""


def names(text: str) -> set[str]:
    """The first words of all placeholders in a text."""
    return {match[1].partition(".")[0] for match in _PLACE.finditer(text) if match[1]}


def look_up(name: str, values: Values, where: str) -> Any:
    """The value of a placeholder. Raises `UsageError` when there is none."""
    found: Any = values
    for part in name.split("."):
        if not isinstance(found, Mapping) or part not in found:
            raise UsageError(f"{where}: nothing is called '{{{name}}}' here; there are {', '.join(sorted(_all(values))) or 'no names'}")
        found = found[part]
    return found


def _all(values: Values) -> set[str]:
    return {
        f"{{{name}.{field}}}" if field else f"{{{name}}}"
        for name, value in values.items()
        for field in (value if isinstance(value, Mapping) else ("",))
    }


def fill(text: str, values: Values, where: str) -> str:
    """The text with every placeholder replaced. Numbers are written as Python writes them, nothing as an empty text."""
    return substitute(text, lambda name: _written(look_up(name, values, where)))


def fill_any(value: Any, values: Values, where: str) -> Any:
    """A value with placeholders replaced, however deep; a text that is one placeholder alone becomes the value itself."""
    if isinstance(value, str):
        match = _PLACE.fullmatch(value)
        return look_up(match[1], values, where) if match and match[1] else fill(value, values, where)
    if isinstance(value, Mapping):
        return {key: fill_any(item, values, where) for key, item in value.items()}
    if isinstance(value, list):
        return [fill_any(item, values, where) for item in value]
    return value


def substitute(text: str, replace: Callable[[str], str]) -> str:
    """The text with every placeholder replaced by what the function says for its name."""
    return _PLACE.sub(lambda match: replace(match[1]) if match[1] else match[0][0], text)


def _written(value: Any) -> str:
    return "" if value is None else str(value)
