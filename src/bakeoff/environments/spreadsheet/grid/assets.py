"""The grid itself: Jspreadsheet CE and jSuites (MIT), from the npm registry, at pinned versions with checksums, in the user's cache directory.

python -m bakeoff.environments.spreadsheet.grid.assets      fetches them by `npm pack`; does nothing when they are there
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bakeoff.core import UsageError


@dataclass(frozen=True, slots=True)
class Package:
    """An npm package: name, version, the registry's sha512 of its tarball (base64), and which files of it are served."""

    name: str
    version: str
    sha512: str
    files: tuple[str, ...]


PACKAGES = (
    Package(
        "jsuites",
        "5.13.5",
        "cvkcpy/v5I3+IAcNPE4UP38PFCEfUQw9JI5NN61dlcXLwkD+2UTIOsRPvgMLeqI1eDWHL4AHfrbcE/+TFciUsw==",
        ("dist/jsuites.js", "dist/jsuites.css"),
    ),
    Package(
        "@jspreadsheet/formula",
        "2.0.2",
        "PDQYf9REQA53I7tVYkvkeyQxrd5jcjUeHgItYnRpjN2QiIQwawSqBDtGGEVQTSboTG+JwgGCuhvOpj7FxeKwew==",
        ("dist/index.js",),
    ),
    Package(
        "jspreadsheet-ce",
        "5.0.4",
        "ra1JI1n+tEGgRMzTzNkPZjG0HZz8W6bFGAiTiHl+eYarXdRmS5qDc/ua3l2ev7oZ6Og9kjfrXYHVLUWiVc308w==",
        ("dist/index.js", "dist/jspreadsheet.css"),
    ),
)


def folder() -> Path:
    """Where the files are kept: `bakeoff/grid` in `$XDG_CACHE_HOME`, or in `~/.cache`; the name changes with the versions."""
    mark = hashlib.sha256("".join(package.sha512 for package in PACKAGES).encode()).hexdigest()[:12]
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bakeoff" / f"grid-{mark}"


def _kept(package: Package, file: str) -> str:
    return f"{package.name.replace('/', '-').lstrip('@')}-{Path(file).name}"


NAMES = tuple(_kept(package, file) for package in PACKAGES for file in package.files)
"""Names of all files as they are served, scripts in the order in which a page needs them."""


def ready() -> bool:
    """Whether all files are there."""
    return all((folder() / name).is_file() for name in NAMES)


def load() -> dict[str, bytes]:
    """All files by name. Raises `UsageError` when they have not been fetched."""
    if not ready():
        raise UsageError("the web spreadsheet is not installed; run `make grid` (it needs npm), or work in the environment 'spreadsheet'")
    return {name: (folder() / name).read_bytes() for name in NAMES}


def install() -> Path:
    """Fetches what is missing and returns the folder. Raises `UsageError` when npm is missing, the registry does not answer or a checksum is wrong."""
    home = folder()
    if ready():
        return home
    npm = shutil.which("npm")
    if npm is None:
        raise UsageError("npm is not installed; run `apt-get install npm`, then `make grid`")
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.parent) as scratch:
        new = Path(scratch) / "new"
        new.mkdir()
        for package in PACKAGES:
            _unpack(package, _fetch(npm, package, Path(scratch)), new)
        for path in new.iterdir():
            home.mkdir(exist_ok=True)
            path.replace(home / path.name)
    return home


def _fetch(npm: str, package: Package, scratch: Path) -> bytes:
    """The package's tarball, checked."""
    where = scratch / hashlib.sha256(package.name.encode()).hexdigest()[:8]
    where.mkdir()
    done = subprocess.run(
        [npm, "pack", "--silent", "--pack-destination", str(where), f"{package.name}@{package.version}"],
        cwd=where,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    found = sorted(where.glob("*.tgz"))
    if done.returncode or not found:
        problem = (done.stderr.strip().splitlines() or ["it says nothing"])[-1]
        raise UsageError(f"npm could not fetch {package.name}@{package.version}: {problem}")
    content = found[0].read_bytes()
    if base64.b64encode(hashlib.sha512(content).digest()).decode() != package.sha512:
        raise UsageError(f"{package.name}@{package.version} from the npm registry has a wrong checksum; nothing was installed")
    return content


def _unpack(package: Package, content: bytes, new: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for file in package.files:
            member = archive.extractfile(f"package/{file}")
            assert member is not None
            (new / _kept(package, file)).write_bytes(member.read())


if __name__ == "__main__":
    try:
        print(f"the web spreadsheet is in {install()}")
    except UsageError as problem:
        print(f"bakeoff: {problem}", file=sys.stderr)
        sys.exit(2)
