"""What can go wrong, and whose fault it is. The distinction decides whether an episode is scored, abstains or never starts."""

from __future__ import annotations


class BakeoffError(Exception):
    """Any error raised by bakeoff on purpose. Its text is one sentence for the user that says what to do."""


class UsageError(BakeoffError):
    """The user asked for something that cannot be: an unknown name, a bad plan, a malformed id. The CLI exits with code 2."""


class ActionError(BakeoffError):
    """The agent's action is not one of the published tools or its arguments do not fit. Costs a step; the observation carries the text."""


class EnvironmentFault(BakeoffError):
    """Our infrastructure failed (browser died, server gone, host hung). The episode abstains or reruns; it is never a score of 0.

    `retryable` says whether a second try on fresh infrastructure can help.
    """

    def __init__(self, reason: str, *, retryable: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retryable = retryable

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild_fault, (type(self), self.reason, self.retryable))


def _rebuild_fault(kind: type[EnvironmentFault], reason: str, retryable: bool) -> EnvironmentFault:
    return kind(reason, retryable=retryable)


class ServiceFault(EnvironmentFault):
    """A service that the agent works with and did not make (a language model's endpoint) gave no answer. Raised by the agent: the one fault that is
    neither the environment's nor its own. The episode abstains; an answer that is nonsense is no such fault but the agent's failure."""


class BudgetExhausted(BakeoffError):
    """The practice budget of this product is spent. Raised by `Practice`; an agent catches it or never lets it happen."""
