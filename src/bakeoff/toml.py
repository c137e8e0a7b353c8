"""Reading TOML strictly: whatever is missing, misspelt or of the wrong kind is one line with the file, the line, the key and what to do.

Plans and the files of apps are read with it.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bakeoff.core import UsageError

_KINDS = {int: "a whole number", str: "text", bool: "true or false", list: "a list", dict: "a table", float: "a number"}
_HEADER = re.compile(r"\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$")
_ASSIGNMENT = re.compile(r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=""")
_PART = re.compile(r"""[A-Za-z0-9_-]+|"([^"]*)"|'([^']*)'""")
Place = tuple[str | int, ...]


def nearest(word: str, allowed: Sequence[str]) -> str:
    """` (did you mean 'x'?)`, or nothing when no allowed word is near."""
    close = difflib.get_close_matches(word, allowed, 1)
    return f" (did you mean '{close[0]}'?)" if close else ""


class Table:
    """A TOML table whose keys are taken one by one. What is left over when it is `done` is an error.

    Args:
        data: its keys and values.
        file: what errors call the file.
        place: what errors call the table, e.g. `[start]`; empty for the top.
        lines: line numbers by path of keys, as `lines_of` finds them; `path`: this table's own.
    """

    def __init__(
        self, data: Mapping[str, Any], file: str, place: str = "", lines: Mapping[Place, int] | None = None, path: Place = ()
    ) -> None:
        self._data, self.file, self.place = dict(data), file, place
        self._lines, self._path = lines or {}, path
        self._known: list[str] = []

    @property
    def where(self) -> str:
        """File, line and table."""
        return self._where(self._path)

    def _where(self, path: Place) -> str:
        while path and path not in self._lines:
            path = path[:-1]
        line = f":{self._lines[path]}" if path in self._lines else ""
        return f"{self.file}{line}" + (f": {self.place}" if self.place else "")

    def fail(self, problem: str, key: str = "") -> UsageError:
        """The error to raise; `key`: which it is about."""
        return UsageError(f"{self._where((*self._path, key) if key else self._path)}: {problem}")

    def left(self) -> list[str]:
        """Those not taken yet."""
        return list(self._data)

    def has(self, key: str) -> bool:
        return key in self._data

    def take(self, key: str, kind: type | tuple[type, ...], default: Any = ...) -> Any:
        """The value of a key. Raises `UsageError` when it is missing without a default or of another kind."""
        self._known.append(key)
        if key not in self._data:
            if default is ...:
                close = difflib.get_close_matches(key, self._data, 1)
                meant = f" (is it '{close[0]}', misspelt?)" if close else "; add it"
                raise self.fail(f"'{key}' is missing{meant}", close[0] if close else "")
            return default
        value = self._data.pop(key)
        kinds = kind if isinstance(kind, tuple) else (kind,)
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise self.fail(f"'{key}' must be {' or '.join(_KINDS[k] for k in kinds)}, not {value!r}", key)
        return value

    def choice(self, key: str, allowed: Sequence[str], default: Any = ...) -> Any:
        """One of some words."""
        value = self.take(key, str, default)
        if value is not default and value not in allowed:
            raise self.fail(f"'{key}' must be one of {', '.join(allowed)}, not '{value}'{nearest(value, allowed)}", key)
        return value

    def choices(self, key: str, allowed: Sequence[str]) -> tuple[Any, ...]:
        """Some of some words."""
        values = self.texts(key)
        for value in values:
            if value not in allowed:
                raise self.fail(f"'{key}' takes {', '.join(allowed)}, not '{value}'{nearest(value, allowed)}", key)
        return values

    def number(self, key: str, least: int, default: Any = ...) -> Any:
        """A whole number."""
        value = self.take(key, int, default)
        if value is not None and value < least:
            raise self.fail(f"'{key}' must be at least {least}, not {value}", key)
        return value

    def texts(self, key: str, default: Sequence[str] = ()) -> tuple[str, ...]:
        """A list of texts; a single text counts as a list of one."""
        value = self.take(key, (list, str), list(default))
        value = [value] if isinstance(value, str) else value
        for item in value:
            if not isinstance(item, str):
                raise self.fail(f"'{key}' must be a list of texts, and {item!r} is none", key)
        return tuple(value)

    def named_texts(self, key: str) -> dict[str, str]:
        """A table of texts."""
        value = self.take(key, dict, {})
        for name, item in value.items():
            if not isinstance(item, str):
                raise self.fail(f"'{key}.{name}' must be text, not {item!r}", key)
        return dict(value)

    def seconds(self, key: str, default: float) -> float:
        value = float(self.take(key, (int, float), default))
        if value <= 0:
            raise self.fail(f"'{key}' must be above 0 seconds, not {value:g}", key)
        return value

    def table(self, key: str) -> Table | None:
        """A table within this one, or None."""
        data = self.take(key, dict, None)
        place = f"{self.place}: [{key}]" if self.place else f"[{key}]"
        return None if data is None else Table(data, self.file, place, self._lines, (*self._path, key))

    def tables(self, key: str, called: str = "", needed: bool = False) -> list[Table]:
        """A list of tables, e.g. all `[[tasks]]`. `called`: what errors call one of them; its name follows, else its number. `needed`: there
        must be such a list."""
        found = self.take(key, list, ... if needed else [])
        if not all(isinstance(item, dict) for item in found):
            raise self.fail(f"'{key}' must be a list of tables; write each as [[{key}]]", key)
        return [self.item(item, key, number, called) for number, item in enumerate(found, start=1)]

    def item(self, data: Mapping[str, Any], key: str, number: int, called: str = "") -> Table:
        """One table of a list that was taken."""
        name = data.get("name")
        place = f"{called or key} '{name}'" if isinstance(name, str) and name else f"{called or key} {number}"
        return Table(data, self.file, f"{self.place}: {place}" if self.place else place, self._lines, (*self._path, key, number))

    def within(self, data: Mapping[str, Any], *keys: str) -> Table:
        """A table found in a value that was taken from under these keys."""
        place = f"{keys[0]} '{keys[1]}'" if len(keys) > 1 else keys[0]
        return Table(data, self.file, f"{self.place}: {place}" if self.place else place, self._lines, (*self._path, *keys))

    def where_of(self, *keys: str) -> str:
        """File, line and table of a key."""
        return self._where((*self._path, *keys))

    def rest(self) -> dict[str, Any]:
        """All that has not been taken."""
        rest, self._data = self._data, {}
        return rest

    def done(self) -> None:
        """Raises `UsageError` for the first key that nobody asked for."""
        for key in self._data:
            raise self.fail(f"unknown key '{key}'{nearest(key, self._known)}; known are {', '.join(dict.fromkeys(self._known))}", key)


def read(path: Path, about: str) -> tuple[Table, str]:
    """The top table of a file, and its text. `about`: what an error says of such files, e.g. `plans are TOML files such as …`.

    Raises `UsageError` when it cannot be read or is no TOML.
    """
    try:
        source = path.read_text(encoding="utf-8")
    except OSError as problem:
        raise UsageError(f"cannot read {path}: {problem.strerror}; {about}") from problem
    except UnicodeDecodeError as problem:
        raise UsageError(f"{path} is not a text file in UTF-8; {about}") from problem
    return parse(source, str(path)), source


def parse(source: str, file: str) -> Table:
    """The top table of a text; `file`: what errors call it."""
    try:
        return Table(tomllib.loads(source), file, lines=lines_of(source))
    except tomllib.TOMLDecodeError as problem:
        raise UsageError(f"{file} is not valid TOML: {problem}") from problem


def lines_of(source: str) -> dict[Place, int]:
    """The line on which each key and each table begins, from 1, by path; tables of a list by their number, from 1. Of a valid TOML text."""
    found: dict[Place, int] = {}
    counts: dict[Place, int] = {}
    head: Place = ()
    within = ""  # the quotation marks of a text of several lines
    depth = 0  # of brackets that are open
    for number, line in enumerate(source.splitlines(), start=1):
        if not within and depth == 0:
            if header := _HEADER.match(line):
                head = _below(_parts(header[2]), counts, header[1] == "[[")
                found.setdefault(head, number)
                continue
            if assignment := _ASSIGNMENT.match(line):
                for end in range(1, len(parts := _parts(assignment[1])) + 1):
                    found.setdefault((*head, *parts[:end]), number)
        within, depth = _open(line, within, depth)
    return found


def _parts(text: str) -> tuple[str, ...]:
    return tuple(next(filter(None, (match[1], match[2])), match[0]) for match in _PART.finditer(text))


def _below(parts: tuple[str, ...], counts: dict[Place, int], listed: bool) -> Place:
    """The path of a header: where a part is a list of tables, the latest of them."""
    path: Place = ()
    for index, part in enumerate(parts):
        path = (*path, part)
        if listed and index == len(parts) - 1:
            counts[path] = counts.get(path, 0) + 1
        if path in counts:
            path = (*path, counts[path])
    return path


_MARK = re.compile(r'"""|\'\'\'|"(?:[^"\\]|\\.)*"|\'[^\']*\'|#.*|[\[\]{}]')


def _open(line: str, within: str, depth: int) -> tuple[str, int]:
    """What is still open at the end of a line: a text of several lines, brackets."""
    place = 0
    while place < len(line):
        if within:
            end = line.find(within, place)
            if end < 0:
                return within, depth
            place, within = end + 3, ""
            continue
        mark = _MARK.search(line, place)
        if mark is None:
            break
        place = mark.end()
        if mark[0] in ('"""', "'''"):
            within = mark[0]
        elif mark[0] in "[{":
            depth += 1
        elif mark[0] in "]}":
            depth = max(0, depth - 1)
    return within, depth
