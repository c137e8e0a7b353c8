"""Where expert data lies: `items.jsonl` with one item a line, demonstrations and gold artefacts in files named by their content.

Files are written before the line that names them, and each line is synced before the next, so that whatever a line names is there; a line torn by
a kill is dropped when the shelf is opened again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import zstandard

from bakeoff.contest.trajectories import pack, unpack
from bakeoff.core import Trajectory, UsageError
from bakeoff.experts.item import Item, digest


class Shelf:
    """A folder of expert data, open for reading and adding.

    Args:
        folder: made when it is not there.
    Attributes:
        items: what is kept, by task id, in the order of collection.
        rejected: items that failed a gate; never exported, never trained on.
    Raises `UsageError` when the folder holds something else.
    """

    def __init__(self, folder: Path, *, create: bool = True) -> None:
        self.folder = folder
        if not create and not (folder / "items.jsonl").exists():
            raise UsageError(f"there is no expert data in '{folder}'; make some with `bakeoff experts collect`")
        if folder.is_dir() and any(folder.iterdir()) and not (folder / "items.jsonl").exists():
            raise UsageError(f"'{folder}' is not empty and holds no expert data; choose another folder")
        for name in ("demos", "gold"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / "items.jsonl").touch()
        self.items: dict[str, Item] = {}
        self.rejected: dict[str, Item] = {}
        for name, kept in (("items.jsonl", self.items), ("rejected.jsonl", self.rejected)):
            for item in _read(folder / name):
                kept[item.id] = item

    def add(self, item: Item, demo: Trajectory, artefacts: Mapping[str, bytes]) -> None:
        """Keeps an item with its demonstration and gold state; one that failed a gate goes to the rejected."""
        packed = pack(demo, "experts")
        if digest(packed) != item.demo:
            raise ValueError("the item names another demonstration")
        _write(self.folder / "demos" / f"{item.demo}.zst", packed)
        for name, content in artefacts.items():
            if digest(content) != item.answer.get(name):
                raise ValueError(f"the item names another artefact '{name}'")
            _write(self.folder / "gold" / f"{item.answer[name]}.zst", zstandard.compress(content, 6))
        kept, name = (self.items, "items.jsonl") if item.passed else (self.rejected, "rejected.jsonl")
        with (self.folder / name).open("a", encoding="utf-8") as file:
            file.write(json.dumps(item.to_dict(), ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
        kept[item.id] = item

    def demo(self, item: Item) -> Trajectory:
        """The demonstration of an item. Raises `UsageError` when its file is gone or is not what the item names."""
        path = self.folder / "demos" / f"{item.demo}.zst"
        content = path.read_bytes() if path.exists() else b""
        if digest(content) != item.demo:
            raise UsageError(f"the demonstration of {item.id} is {'damaged' if content else 'missing'} in '{self.folder}'")
        return unpack(content)

    def gold(self, item: Item) -> dict[str, bytes]:
        """The gold artefacts of an item, by name. Raises `UsageError` as `demo` does."""
        found = {}
        for name, wanted in item.answer.items():
            path = self.folder / "gold" / f"{wanted}.zst"
            content = zstandard.decompress(path.read_bytes()) if path.exists() else b""
            if digest(content) != wanted:
                raise UsageError(
                    f"the gold artefact '{name}' of {item.id} is {'damaged' if path.exists() else 'missing'} in '{self.folder}'"
                )
            found[name] = content
        return found

    def __iter__(self) -> Iterator[Item]:
        return iter(self.items.values())

    def __len__(self) -> int:
        return len(self.items)


def _read(path: Path) -> Iterator[Item]:
    if not path.exists():
        return
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        os.truncate(path, len(whole))
    for number, line in enumerate(whole.decode().splitlines(), start=1):
        try:
            yield Item.from_dict(json.loads(line))
        except ValueError as problem:
            raise UsageError(f"{path}, line {number} is not an item: {problem}") from problem


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all."""
    if not path.exists():
        part = path.with_suffix(".part")
        part.write_bytes(content)
        part.replace(path)
