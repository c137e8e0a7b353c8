"""What all modules of the command line share: the two consoles, and errors as one line."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

import typer
from rich.console import Console
from rich.markup import escape

from bakeoff.core.errors import BakeoffError, EnvironmentFault, UsageError

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

F = TypeVar("F", bound=Callable[..., Any])


def friendly(command: F) -> F:
    """Turns errors that bakeoff raises on purpose into one line: exit code 2 for the user's, 1 for the machine's."""

    @functools.wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except UsageError as problem:
            _stop(problem, 2)
        except BakeoffError as problem:
            _stop(problem, 1)

    return wrapped  # type: ignore[return-value]


def _stop(problem: BakeoffError, code: int) -> NoReturn:
    if os.environ.get("BAKEOFF_DEBUG"):
        raise problem
    hint = "; `bakeoff doctor` looks for the cause" if isinstance(problem, EnvironmentFault) else ""
    err.print(f"[red]{escape(str(problem))}{hint}[/]", soft_wrap=True)
    raise typer.Exit(code)
