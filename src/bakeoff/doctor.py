"""What bakeoff needs on this machine, whether it is there, and how to mend what is not."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bakeoff import __version__
from bakeoff.core import BakeoffError, load, names


@dataclass(frozen=True, slots=True)
class Result:
    """One thing looked at. `good`: None when it is not needed but worth knowing; `mend`: what to do when it is not good."""

    name: str
    good: bool | None
    found: str
    mend: str = ""


EXTRAS = {
    "contest": ("sqlalchemy", "zstandard", "plotly", "jinja2"),
    "browser": ("starlette", "uvicorn", "httptools", "h11", "jinja2"),
    "miniwob": ("miniwob",),
    "spreadsheet": ("openpyxl", "formualizer", "ironcalc", "pillow"),
}


def examine() -> Iterator[Result]:
    """Looks at one thing after another; the slowest, starting Chromium, comes last."""
    yield _python()
    yield Result("bakeoff", True, f"{__version__} with numpy {version('numpy')}, typer {version('typer')}, rich {version('rich')}")
    for extra, packages in EXTRAS.items():
        yield _extra(extra, packages)
    yield from (_registered("environments", name) for name in names("environments"))
    yield from (_registered("agents", name) for name in names("agents"))
    yield _disk(Path.cwd(), "disk here", 2e9, "free some space, or give bakeoff run another folder with --out")
    yield _disk(Path(tempfile.gettempdir()), "temporary files", 5e8, "free some space there, or set TMPDIR to another folder")
    yield _shared_memory()
    yield _processors()
    yield _screen()
    yield _office()
    yield _chromium()


def _office() -> Result:
    program = os.environ.get("BAKEOFF_OFFICE") or shutil.which("soffice") or shutil.which("libreoffice")
    found = program or "not installed: no PDFs of workbooks, no third calculation engine (on Debian: apt install libreoffice-calc)"
    return Result("LibreOffice", True if program else None, found)


def _python() -> Result:
    good = sys.version_info >= (3, 11)
    return Result("Python", good, platform.python_version(), "install Python 3.11 or newer and run `make setup`")


def _extra(extra: str, packages: tuple[str, ...]) -> Result:
    found, missing = [], []
    for package in packages:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            missing.append(package)
    mend = f"pip install 'bakeoff[{extra}]' (or `make setup`)"
    return Result(f"extra {extra}", not missing, ", ".join(found + [f"{package} missing" for package in missing]), mend)


def _registered(group: str, name: str) -> Result:
    try:
        cls = load(group, name)  # type: ignore[arg-type]
    except BakeoffError as problem:
        return Result(f"{group[:-1]} {name}", False, str(problem), "install what is missing, as the line says")
    except Exception as problem:
        return Result(f"{group[:-1]} {name}", False, f"{type(problem).__name__}: {problem}", "reinstall the package that brings it")
    return Result(f"{group[:-1]} {name}", True, f"{cls.__module__}.{cls.__qualname__}")


def _disk(folder: Path, name: str, least: float, mend: str) -> Result:
    free = shutil.disk_usage(folder).free
    return Result(name, free >= least and os.access(folder, os.W_OK), f"{free / 1e9:.1f} GB free in {folder}", mend)


def _shared_memory() -> Result:
    path = Path("/dev/shm")
    if not path.is_dir():
        return Result("/dev/shm", None, "there is none; Chromium uses temporary files instead")
    free = shutil.disk_usage(path).free
    return Result("/dev/shm", True if free >= 64e6 else None, f"{free / 1e6:,.0f} MB free")


def _processors() -> Result:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Result("processors", None if usable < 2 else True, f"{usable}; `workers` in a plan, or --workers, should be about as many")


def _screen() -> Result:
    shown = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return Result("screen", True if shown else None, shown or "none, so `bakeoff try --show` has nowhere to open a window")


def _chromium() -> Result:
    try:
        from bakeoff.environments.browser.chromium import Browser
    except ModuleNotFoundError as missing:
        return Result("Chromium", False, f"the driver needs {missing.name}", "pip install 'bakeoff[browser]' (or `make setup`)")
    began = time.perf_counter()
    try:
        browser = Browser.launch()
        try:
            found, shell = browser.version, browser.shell
        finally:
            browser.close()
    except BakeoffError as problem:
        return Result("Chromium", False, str(problem), "apt-get install chromium, or set BAKEOFF_CHROMIUM to its path")
    kind = (
        "the headless shell"
        if shell
        else "the full browser; the headless shell does the same with less (on Debian: apt install chromium-headless-shell)"
    )
    return Result("Chromium", True, f"{found} starts in {time.perf_counter() - began:.1f} s, {kind}")


def run(show: Callable[[Result], None]) -> bool:
    """Shows each result as it comes; True when nothing that is needed is missing."""
    good = True
    for result in examine():
        show(result)
        good = good and result.good is not False
    return good
