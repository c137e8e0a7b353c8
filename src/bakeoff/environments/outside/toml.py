"""Reading a TOML file strictly: whatever is missing, misspelt or of the wrong kind is one line with the file, the key and what to do."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bakeoff.core import UsageError

_KINDS = {int: "a whole number", str: "text", bool: "true or false", list: "a list", dict: "a table", float: "a number"}


def nearest(word: str, allowed: Sequence[str]) -> str:
    """` (did you mean 'x'?)`, or nothing when no allowed word is near."""
    close = difflib.get_close_matches(word, allowed, 1)
    return f" (did you mean '{close[0]}'?)" if close else ""


class Table:
    """A TOML table whose keys are taken one by one. What is left over when it is `done` is an error.

    `where`: what errors call it, e.g. `app.toml: [start]`.
    """

    def __init__(self, data: Mapping[str, Any], where: str) -> None:
        self._data, self.where = dict(data), where
        self._known: list[str] = []

    def fail(self, problem: str) -> UsageError:
        return UsageError(f"{self.where}: {problem}")

    def has(self, key: str) -> bool:
        return key in self._data

    def take(self, key: str, kind: type | tuple[type, ...], default: Any = ...) -> Any:
        """The value of a key. Raises `UsageError` when it is missing without a default or of another kind."""
        self._known.append(key)
        if key not in self._data:
            if default is ...:
                close = difflib.get_close_matches(key, self._data, 1)
                raise self.fail(f"'{key}' is missing" + (f" (is it '{close[0]}', misspelt?)" if close else "; add it"))
            return default
        value = self._data.pop(key)
        kinds = kind if isinstance(kind, tuple) else (kind,)
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise self.fail(f"'{key}' must be {' or '.join(_KINDS[k] for k in kinds)}, not {value!r}")
        return value

    def table(self, key: str) -> Table | None:
        """A table within this one, or None."""
        data = self.take(key, dict, None)
        return None if data is None else Table(data, f"{self.where}: [{key}]")

    def tables(self, key: str) -> list[Table]:
        """A list of tables, e.g. all `[[tasks]]`."""
        found = self.take(key, list, [])
        if not all(isinstance(item, dict) for item in found):
            raise self.fail(f"'{key}' must be a list of tables")
        return [Table(item, f"{self.where}: {key} {number}") for number, item in enumerate(found, start=1)]

    def texts(self, key: str, default: Any = ()) -> tuple[str, ...]:
        """A list of texts; a single text counts as a list of one."""
        value = self.take(key, (list, str), list(default))
        value = [value] if isinstance(value, str) else value
        for item in value:
            if not isinstance(item, str):
                raise self.fail(f"'{key}' must be a list of texts, and {item!r} is none")
        return tuple(value)

    def named_texts(self, key: str) -> dict[str, str]:
        """A table of texts."""
        value = self.take(key, dict, {})
        for name, item in value.items():
            if not isinstance(item, str):
                raise self.fail(f"'{key}.{name}' must be text, not {item!r}")
        return dict(value)

    def seconds(self, key: str, default: float) -> float:
        value = float(self.take(key, (int, float), default))
        if value <= 0:
            raise self.fail(f"'{key}' must be above 0 seconds, not {value:g}")
        return value

    def rest(self) -> dict[str, Any]:
        """All that has not been taken."""
        rest, self._data = self._data, {}
        return rest

    def done(self) -> None:
        """Raises `UsageError` for the first key that nobody asked for."""
        for key in self._data:
            raise self.fail(f"unknown key '{key}'{nearest(key, self._known)}; known are {', '.join(sorted(set(self._known)))}")


def read(path: Path) -> Table:
    """The top table of a file. Raises `UsageError` when it cannot be read or is no TOML."""
    try:
        return Table(tomllib.loads(path.read_text(encoding="utf-8")), str(path))
    except OSError as problem:
        raise UsageError(
            f"cannot read {path}: {problem.strerror}; an app is described by a TOML file, see docs/bring-your-own.md"
        ) from problem
    except UnicodeDecodeError as problem:
        raise UsageError(f"{path} is not a text file in UTF-8") from problem
    except tomllib.TOMLDecodeError as problem:
        raise UsageError(f"{path} is not valid TOML: {problem}") from problem
