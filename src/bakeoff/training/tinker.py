"""The engine by URL: any server of the Tinker API, through its SDK. The same verbs, data and losses as here; language models alone.

    engine = TinkerEngine("http://127.0.0.1:8000", "HuggingFaceTB/SmolLM2-135M-Instruct", rank=16)

The key comes from the environment variable TINKER_API_KEY alone. A server that only knows two losses and no special treatment of prompts is enough:
prompts are trained on with weight 0. Needs the extra `tinker`.
"""

from __future__ import annotations

import importlib
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.core import UsageError
from bakeoff.training.protocol import AdamParams, Datum, Drawn, Floats, ForwardBackward, Loss, SamplingParams

PATIENCE = 600.0
"""Seconds that any one call may take."""


class TinkerEngine:
    """A LoRA adapter of a base model at a server. Raises `UsageError`, in one line, when the SDK or the server is not there or refuses."""

    def __init__(self, url: str, base_model: str, *, rank: int = 16, seed: int = 0, patience: float = PATIENCE) -> None:
        try:
            self._sdk: Any = importlib.import_module("tinker")
        except ModuleNotFoundError as missing:
            raise UsageError(
                f"an engine by URL needs the Python package '{missing.name}'; install it with pip install 'bakeoff[tinker]'"
            ) from missing
        self._url, self._patience = url.rstrip("/"), patience
        self._healthy()
        key = os.environ.get("TINKER_API_KEY", "")
        if not key:
            raise UsageError("set TINKER_API_KEY to the key of the server; one that asks for none takes any that begins with tml-")
        self._service = self._asked(lambda: self._sdk.ServiceClient(base_url=self._url, api_key=key))
        self._training = self._client(lambda: self._service.create_lora_training_client(base_model=base_model, rank=rank, seed=seed))
        self._sampling: Any = None

    # --- the verbs ---------------------------------------------------------------------------------------------------------------

    def forward(self, data: Sequence[Datum]) -> tuple[Floats, ...]:
        plain = [Datum(datum.prompt, datum.tokens, {"weights": np.zeros(len(datum.tokens))}) for datum in data]
        return self._own(
            plain, self._done(self._training.forward([self._datum(datum, "cross_entropy") for datum in plain], "cross_entropy"))
        )

    def forward_backward(self, data: Sequence[Datum], loss: Loss) -> ForwardBackward:
        for datum in data:
            datum.need(loss)
        logprobs = self._own(data, self._done(self._training.forward_backward([self._datum(datum, loss) for datum in data], loss)))
        total = 0.0
        for datum, now in zip(data, logprobs, strict=True):
            if loss == "cross_entropy":
                total -= float((now * datum.inputs["weights"]).sum())
            else:
                total -= float((np.exp(np.clip(now - datum.inputs["logprobs"], -20, 20)) * datum.inputs["advantages"]).sum())
        return ForwardBackward(total, logprobs)

    def optim_step(self, params: AdamParams) -> float:
        given = self._sdk.types.AdamParams(
            learning_rate=params.learning_rate,
            beta1=params.beta1,
            beta2=params.beta2,
            eps=params.eps,
            weight_decay=params.weight_decay,
            grad_clip_norm=params.clip,
        )
        self._done(self._training.optim_step(given))
        self._sampling = None
        return 0.0

    def sample(self, prompt: Any, n: int, params: SamplingParams) -> tuple[Drawn, ...]:
        if self._sampling is None:  # the weights have moved since, or were never there
            self._sampling = self._client(self._training.save_weights_and_get_sampling_client)
        given = self._sdk.types.SamplingParams(
            max_tokens=params.max_tokens,
            temperature=params.temperature,
            top_k=params.top_k or -1,
            seed=params.seed,
            stop=list(params.stop) or None,
        )
        ids = self._sdk.types.ModelInput.from_ints(list(prompt))
        found = self._done(self._sampling.sample(prompt=ids, num_samples=n, sampling_params=given))
        out = []
        for one in found.sequences:
            if one.logprobs is None or len(one.logprobs) != len(one.tokens):
                raise UsageError(f"the server at {self._url} sends no log-probability with every token; nothing can be learned from it")
            out.append(Drawn(tuple(map(int, one.tokens)), tuple(map(float, one.logprobs)), str(one.stop_reason)))
        return tuple(out)

    def save_state(self, path: Path) -> str:
        saved: str = self._done(self._training.save_state(path.name)).path
        return saved

    def load_state(self, saved: str) -> None:
        self._training = self._client(lambda: self._service.create_training_client_from_state_with_optimizer(saved))
        self._sampling = None

    # --- the wire ------------------------------------------------------------------------------------------------------------------

    def _datum(self, datum: Datum, loss: Loss) -> Any:
        """Prompt and tokens in one sequence, shifted by one; what the loss needs is 0 on the prompt."""
        prompt = list(datum.prompt)
        if not prompt:
            raise UsageError("a prompt needs at least one token")
        ids = [*prompt, *datum.tokens]
        before = len(prompt) - 1
        names = ("weights",) if loss == "cross_entropy" else ("logprobs", "advantages")
        inputs: dict[str, Any] = {"target_tokens": np.asarray(ids[1:], dtype=np.int64)}
        for name in names:
            inputs[name] = np.concatenate([np.zeros(before), datum.inputs[name]]).astype(np.float32)
        tensors = {name: self._sdk.types.TensorData.from_numpy(values) for name, values in inputs.items()}
        return self._sdk.types.Datum(model_input=self._sdk.types.ModelInput.from_ints(ids[:-1]), loss_fn_inputs=tensors)

    def _own(self, data: Sequence[Datum], answer: Any) -> tuple[Floats, ...]:
        """The log-probabilities of each datum's own tokens."""
        if len(answer.loss_fn_outputs) != len(data):
            raise UsageError(f"the server at {self._url} answered for {len(answer.loss_fn_outputs)} of {len(data)} examples")
        found = []
        for datum, out in zip(data, answer.loss_fn_outputs, strict=True):
            values = np.asarray(out["logprobs"].to_numpy(), dtype=np.float64)
            if len(values) < len(datum.tokens) or not np.isfinite(values).all():
                raise UsageError(f"the server at {self._url} sent log-probabilities that are none")
            found.append(values[-len(datum.tokens) :])
        return tuple(found)

    def _client(self, make: Callable[[], Any]) -> Any:
        """A client of the SDK's; newer versions give a future of it."""
        made = self._asked(make)
        return self._done(made) if hasattr(made, "result") else made

    def _done(self, future: Any) -> Any:
        return self._asked(lambda: future.result(timeout=self._patience))

    def _asked(self, call: Callable[[], Any]) -> Any:
        """What the server answers; whatever goes wrong there as one line."""
        try:
            return call()
        except UsageError:
            raise
        except TimeoutError as late:
            raise UsageError(f"the server at {self._url} did not answer within {self._patience:g} s") from late
        except Exception as problem:
            said = " ".join(str(problem).split())[:200]
            raise UsageError(f"the server at {self._url} refuses or failed: {type(problem).__name__}: {said}") from problem

    def _healthy(self) -> None:
        """Whether anybody is there at all, before the SDK begins to try again and again."""
        try:
            with urllib.request.urlopen(f"{self._url}/api/v1/healthz", timeout=10) as answer:
                answer.read()
        except (urllib.error.URLError, OSError, ValueError) as problem:
            raise UsageError(f"there is no Tinker server at {self._url}: {problem}") from problem
