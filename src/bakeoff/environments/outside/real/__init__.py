"""Four products that other people made and use, wrapped like any app: an issue tracker, a help desk, a content management system, a shop."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from bakeoff.core import UsageError
from bakeoff.environments.outside.app import read_app
from bakeoff.environments.outside.environment import OutsideEnvironment


class RealEnvironment(OutsideEnvironment):
    """Real products from elsewhere: roundup, django-helpdesk, wagtail, django-oscar. Split `dev`; never trained on. Needs the extra `real`."""

    name: ClassVar[str] = "real"

    def __init__(self, headless: bool = True) -> None:
        super().__init__(headless, sorted(Path(__file__).parent.glob("*/app.toml")))
        missing: list[str] = []
        for path in self.files():
            missing += read_app(path).missing()
        if missing:
            raise UsageError(
                f"environment 'real' needs {', '.join(sorted(set(missing)))}, not installed here; run: pip install 'bakeoff[real]' "
                "(in a checkout: .venv/bin/pip install -c constraints.txt -e '.[real]')"
            )
