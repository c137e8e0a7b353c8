"""Files and folders copied and put back; SQLite databases as one whole, also under a program that has them open."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from pathlib import Path

from bakeoff.core import EnvironmentFault

_LOGS = ("-wal", "-shm", "-journal")


def _is_sqlite(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(16) == b"SQLite format 3\0"


def copy(source: Path, target: Path) -> None:
    """A file or a folder; databases as one whole, whatever their log files still hold."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        target.mkdir(exist_ok=True)
        for item in source.iterdir():
            copy(item, target / item.name)
    elif _is_sqlite(source):
        with contextlib.closing(sqlite3.connect(source)) as one, contextlib.closing(sqlite3.connect(target)) as two:
            one.backup(two)
    elif not source.name.endswith(_LOGS):
        shutil.copy2(source, target)


def put_back(source: Path, target: Path) -> None:
    """Makes a file or folder what it was."""
    if source.is_dir():
        target.mkdir(exist_ok=True)
        known = {item.name for item in source.iterdir()}
        for item in target.iterdir():
            if item.name not in known and not item.name.endswith(_LOGS):
                shutil.rmtree(item) if item.is_dir() else item.unlink()
        for name in sorted(known):
            put_back(source / name, target / name)
    elif _is_sqlite(source) and target.is_file():
        try:
            with contextlib.closing(sqlite3.connect(source)) as one, contextlib.closing(sqlite3.connect(target, timeout=10)) as two:
                one.backup(two)
        except sqlite3.Error as problem:
            raise EnvironmentFault(f"the database {target.name} could not be put back: {problem}") from problem
    else:
        old, new = (path.stat() if path.is_file() else None for path in (target, source))
        if old is None or new is None or (old.st_mtime_ns, old.st_size) != (new.st_mtime_ns, new.st_size):
            shutil.copy2(source, target)
