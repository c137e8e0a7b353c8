"""One language model behind an OpenAI-compatible endpoint: asks, waits out what passes, and says whose fault it is when no answer comes.

The key and the address come from the environment (`OPENAI_API_KEY`; `BAKEOFF_LLM_BASE_URL`, or the client's own `OPENAI_BASE_URL`) and go nowhere
else: not into snapshots, errors or trajectories. `BAKEOFF_LLM_TIMEOUT` (seconds for one answer, 120) and `BAKEOFF_LLM_RETRIES` (5) are there too,
because they say nothing about the worker. The client itself tries again after 408, 409, 429 and 5xx, lost connections and timeouts, with a
growing pause or the one that `Retry-After` asks for.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from bakeoff.agents.llm.screen import estimate
from bakeoff.core import ServiceFault, Tool, UsageError

Message = dict[str, Any]

AGAIN = 3
"""How often an endpoint that answers what is no completion is asked."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model said. `calls`: tool names with their arguments as the text that came; `tokens_in`, `tokens_out`: as the endpoint counts them, else
    estimated; `counted`: whether it counted those that went in."""

    text: str
    calls: tuple[tuple[str, str], ...]
    tokens_in: int
    tokens_out: int
    counted: bool = False


class Endpoint:
    """Asks one model. Raises `UsageError` when there is no key or no client."""

    def __init__(self, model: str, temperature: float | None, seed: int) -> None:
        self.model, self._temperature, self._seed = model, temperature, seed
        self._key = os.environ.get("OPENAI_API_KEY", "")
        if not self._key:
            raise UsageError(
                "set OPENAI_API_KEY to the key of your language model's endpoint (any word where it wants none), and "
                "BAKEOFF_LLM_BASE_URL to its address unless it is OpenAI's"
            )
        try:
            import openai
        except ModuleNotFoundError as missing:
            raise UsageError(
                f"agents 'llm' need the Python package '{missing.name}'; install it with pip install 'bakeoff[llm]'"
            ) from missing
        self._openai = openai
        self._timeout, self._retries = _number("BAKEOFF_LLM_TIMEOUT", 120.0), int(_number("BAKEOFF_LLM_RETRIES", 5))
        self._base = os.environ.get("BAKEOFF_LLM_BASE_URL") or os.environ.get("OPENAI_BASE_URL") or "https://api.openai.com/v1"
        self._host = urlsplit(self._base).hostname or "?"

    @cached_property
    def _client(self) -> Any:
        return self._openai.OpenAI(api_key=self._key, base_url=self._base, timeout=self._timeout, max_retries=self._retries)

    def ask(self, messages: Sequence[Message], most: int, tools: Sequence[Tool] = ()) -> Answer:
        """One answer of at most `most` tokens, with the tools offered. Raises `ServiceFault` when the endpoint gives none."""
        wish: dict[str, Any] = {"model": self.model, "messages": list(messages)}
        wish["max_completion_tokens" if self._host == "api.openai.com" else "max_tokens"] = most
        if tools:
            wish["tools"] = [{"type": "function", "function": tool.to_dict()} for tool in tools]
        if self._temperature is not None:
            wish |= {"temperature": self._temperature, "seed": self._seed}
        for _ in range(AGAIN):
            found = self._read(self._send(wish), wish)
            if found is not None:
                return found
        raise ServiceFault(f"the endpoint at {self._host} answered {AGAIN} times with what is no completion")

    def _send(self, wish: dict[str, Any]) -> Any:
        """The body of the endpoint's answer; None where that is no JSON."""
        kinds = self._openai
        try:
            return json.loads(self._client.chat.completions.with_raw_response.create(**wish).text)
        except ValueError:
            return None
        except kinds.APITimeoutError:
            reason, again = f"did not answer within {self._timeout:g} s", True
        except kinds.APIConnectionError as problem:
            reason, again = f"cannot be reached: {problem.__cause__ or problem}", True
        except (kinds.AuthenticationError, kinds.PermissionDeniedError):
            reason, again = "refuses the key in OPENAI_API_KEY", False
        except kinds.RateLimitError as problem:
            reason, again = f"takes no more for now (429): {_said(problem)}", True
        except kinds.APIStatusError as problem:
            reason, again = f"refused ({problem.status_code}): {_said(problem)}", problem.status_code >= 500
        # `from None`: what led here holds the request with its headers
        raise ServiceFault(f"the endpoint at {self._host} {reason}".replace(self._key, "(key)"), retryable=again) from None

    def _read(self, body: Any, wish: dict[str, Any]) -> Answer | None:
        """None where the body holds no choice with a message."""
        try:
            message = body["choices"][0]["message"]
            text = _text(message.get("content")) or str(message.get("refusal") or "")
            calls = tuple((str(call["function"]["name"]), _arguments(call["function"])) for call in message.get("tool_calls") or ())
            usage = body.get("usage") or {}
            counted = usage.get("prompt_tokens"), usage.get("completion_tokens")
        except (TypeError, KeyError, IndexError, AttributeError):
            return None
        asked = estimate(json.dumps([wish["messages"], wish.get("tools", [])]))
        said = estimate(text + "".join(name + arguments for name, arguments in calls))
        spent_in, spent_out = (
            own if isinstance(own, int) and own > 0 else guess for own, guess in zip(counted, (asked, said), strict=True)
        )
        return Answer(text, calls, spent_in, spent_out, counted=isinstance(counted[0], int) and counted[0] > 0)


def _text(content: Any) -> str:
    """A message's content, which some endpoints give in parts."""
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def _arguments(function: dict[str, Any]) -> str:
    """As text; some endpoints give an object instead."""
    given = function.get("arguments") or "{}"
    return given if isinstance(given, str) else json.dumps(given)


def _said(problem: Any) -> str:
    """What an endpoint gave as its reason, in one line."""
    body = problem.body
    found = body.get("message") if isinstance(body, dict) else None
    return " ".join(str(found or problem.message).split())[:300]


def _number(name: str, default: float) -> float:
    text = os.environ.get(name, "")
    try:
        value = float(text or default)
    except ValueError:
        value = -1.0
    if value < 0:
        raise UsageError(f"{name} must be a number of 0 or more, not '{text}'")
    return value
