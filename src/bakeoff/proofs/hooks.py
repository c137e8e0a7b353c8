"""What an environment may offer an audit beyond the contract. Each hook is optional and found by its name; without any of them an environment is
audited all the same, by its artefacts and its proofs alone.

    freedoms(task) -> Sequence[Freedom]                     what about a final state does not matter, and why
    wrong_states(task, before, after) -> Iterable[WrongState]     further wrong final states, e.g. a change that waits instead of being in effect
    on_paper() -> Environment                               the same tasks and verdicts without the slow surface, for proofs in great numbers
    plant(task) -> ContextManager[Canaries]                 hides tell-tale words in all that an agent must never see, and listens
    source_files() -> Iterable[Path]                        files that belong to the environment beside its own package
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WrongState:
    """A wrong final state that the environment itself knows of: a name in kebab-case, one sentence, and the artefacts it would leave."""

    name: str
    claim: str
    artefacts: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Canaries:
    """Tell-tale words in their places, while they are planted.

    Attributes:
        words: where each word was put -> the word, which occurs nowhere else.
        heard: all that has left the environment's side since (name, content): answers of servers, sources of pages, storage. Observations are
            the auditor's own affair.
    """

    words: Mapping[str, str]
    heard: Callable[[], Iterable[tuple[str, str]]]
