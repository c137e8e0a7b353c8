"""What exactly was audited: name, version, and a hash of the source that decides what an episode and a verdict are."""

from __future__ import annotations

import hashlib
import platform
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import bakeoff
from bakeoff.core import Environment


@dataclass(frozen=True, slots=True)
class Subject:
    """An environment, identified.

    Attributes:
        environment: its name.
        package: the package it comes from, with its version, e.g. `bakeoff 0.1.0`.
        products: how many products it offers, by family and split.
        source: SHA-256 over the relative paths and bytes of its package's files and of the contract, in sorted order.
        files: how many files that are.
        machine: interpreter and system, because a verdict should not depend on them.
    """

    environment: str
    package: str
    products: dict[str, int]
    source: str
    files: int
    machine: str

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def subject_of(environment: Environment) -> Subject:
    """Identifies an environment by its class."""
    module = sys.modules[type(environment).__module__]
    files = list(source_files(environment))
    counts: dict[str, int] = {}
    for product in environment.products():
        name = f"{product.family} {product.split}"
        counts[name] = counts.get(name, 0) + 1
    return Subject(
        environment=environment.name,
        package=_package(module.__name__),
        products=counts,
        source=content_hash(files),
        files=len(files),
        machine=f"Python {platform.python_version()}, {platform.system()} {platform.machine()}",
    )


def source_files(environment: Environment) -> Iterable[tuple[str, Path]]:
    """Name and path of every file that decides: the package of the environment's class (or its module alone, outside a package), the contract,
    and what the environment adds by `source_files`."""
    module = sys.modules[type(environment).__module__]
    place = Path(module.__file__ or "")
    core = Path(bakeoff.__file__).parent / "core"
    if module.__name__.rpartition(".")[0]:
        yield from _below("environment", place.parent)
    else:
        yield "environment", place
    yield from _below("core", core)
    for path in getattr(environment, "source_files", lambda: ())():
        yield f"more/{Path(path).name}", Path(path)


def _below(name: str, folder: Path) -> Iterable[tuple[str, Path]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith("."):
            yield f"{name}/{path.relative_to(folder).as_posix()}", path


def content_hash(files: Iterable[tuple[str, Path]]) -> str:
    """SHA-256 over names and bytes, in sorted order."""
    digest = hashlib.sha256()
    for name, path in sorted(files):
        content = path.read_bytes()
        digest.update(len(name.encode()).to_bytes(8, "big") + name.encode() + len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()


def _package(module: str) -> str:
    """The installed distribution that a module belongs to, with its version."""
    top = module.partition(".")[0]
    if top == "bakeoff":
        return f"bakeoff {bakeoff.__version__}"
    for name in metadata.packages_distributions().get(top, ()):
        return f"{name} {metadata.version(name)}"
    return f"{top} (not installed as a package)"
