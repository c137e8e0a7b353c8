"""A server of the Tinker API for tests: the SDK's own wire format in front of an engine of ours. Futures are done at once."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.training.local import LocalEngine
from bakeoff.training.protocol import AdamParams, Datum, SamplingParams


class Stub(ThreadingHTTPServer):
    """Serves models that `make` builds. `broken`: the futures of this operation come back as nonsense."""

    daemon_threads = True

    def __init__(self, make: Any, folder: Path, broken: str = "") -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.make, self.folder, self.broken = make, folder, broken
        self.engines: dict[str, LocalEngine] = {}
        self.samplers: dict[str, str] = {}
        self.futures: dict[str, Any] = {}
        self.guard = threading.Lock()
        self.seen: list[str] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Stub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def _send(self, body: bytes, kind: str = "application/json", code: int = 200) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self._send(json.dumps({"status": "ok", "supported_models": []}).encode())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        name = self.path.rpartition("/")[2]
        with self.server.guard:
            self.server.seen.append(name)
            if name == "retrieve_future":
                kind, content = self.server.futures[json.loads(body)["request_id"]]
                self._send(content, kind)
            else:
                found = getattr(self, f"_{name}", None)
                self._send(json.dumps({} if found is None else found(body)).encode())

    def _future(self, operation: str, value: Any) -> dict[str, Any]:
        number = f"f{len(self.server.futures)}"
        kind = "application/json" if isinstance(value, dict) else "application/x-protobuf"
        content = json.dumps(value).encode() if isinstance(value, dict) else value.SerializeToString()
        if operation == self.server.broken:
            content = b"\xff\xfe nonsense"
        self.server.futures[number] = (kind, content)
        return {"request_id": number, "model_id": "m"}

    def _weights_info(self, body: bytes) -> dict[str, Any]:
        return {"type": "weights_info", "base_model": "stub", "is_lora": True, "lora_rank": 16}

    # --- operations ----------------------------------------------------------------------------------------------------------------

    def _create_session(self, body: bytes) -> dict[str, Any]:
        return {"type": "create_session", "session_id": f"s{len(self.server.seen)}"}

    def _session_heartbeat(self, body: bytes) -> dict[str, Any]:
        return {"type": "session_heartbeat"}

    def _telemetry(self, body: bytes) -> dict[str, Any]:
        return {"status": "accepted"}

    def _create_model(self, body: bytes) -> dict[str, Any]:
        name = f"m{len(self.server.engines)}"
        self.server.engines[name] = self.server.make()
        return self._future("create_model", {"type": "create_model", "model_id": name})

    def _get_info(self, body: bytes) -> dict[str, Any]:
        return {"type": "get_info", "model_id": json.loads(body)["model_id"], "model_data": {"model_name": "stub", "arch": "stub"}}

    def _forward_backward(self, body: bytes) -> dict[str, Any]:
        from tinker.proto import tinker_public_pb2 as wire

        asked = wire.ForwardBackwardRequest()
        asked.ParseFromString(body)
        engine = self.server.engines[asked.model_id]
        data = []
        for datum in asked.data:
            ids = [token for chunk in datum.model_input for token in _ints(chunk)]
            inputs = {name: _floats(value) for name, value in datum.loss_fn_inputs.items()}
            targets = tuple(int(value) for value in inputs.pop("target_tokens"))
            assert list(targets[:-1]) == ids[1:], "targets are the input shifted by one"
            data.append(Datum((ids[0],), targets, inputs))
        logprobs = engine.forward(data) if asked.forward_only else engine.forward_backward(data, asked.loss_fn).logprobs
        out = wire.ForwardBackwardOutput(loss_fn_output_type="ArrayRecord")
        record = out.loss_fn_outputs.add()
        record.num_datums = len(data)
        field = record.fields["logprobs"]
        field.dtype = wire.DTYPE_FLOAT32
        field.data = np.concatenate(logprobs).astype(np.float32).tobytes()
        field.offsets = (np.cumsum([0, *(len(values) for values in logprobs)]) * 4).astype(np.int64).tobytes()
        return self._future("forward_backward", out)

    def _optim_step(self, body: bytes) -> dict[str, Any]:
        asked = json.loads(body)
        given = asked["adam_params"]
        self.server.engines[asked["model_id"]].optim_step(
            AdamParams(given["learning_rate"], given["beta1"], given["beta2"], given["eps"], given["weight_decay"], given["grad_clip_norm"])
        )
        return self._future("optim_step", {"type": "optim_step"})

    def _save_weights_for_sampler(self, body: bytes) -> dict[str, Any]:
        name = f"sampler-{len(self.server.samplers)}"
        self.server.samplers[name] = json.loads(body)["model_id"]
        return self._future("sampler", {"type": "save_weights_for_sampler", "path": f"tinker://stub/{name}", "sampling_session_id": name})

    def _create_sampling_session(self, body: bytes) -> dict[str, Any]:
        return {"type": "create_sampling_session", "sampling_session_id": json.loads(body)["model_path"].rpartition("/")[2]}

    def _asample(self, body: bytes) -> dict[str, Any]:
        from tinker.proto import tinker_public_pb2 as wire

        asked = json.loads(body)
        engine = self.server.engines[self.server.samplers[asked["sampling_session_id"]]]
        prompt = [token for chunk in asked["prompt"]["chunks"] for token in chunk["tokens"]]
        given = asked["sampling_params"]
        how = SamplingParams(given["temperature"], given["max_tokens"], tuple(given.get("stop") or ()), given.get("seed"))
        out = wire.SampleResponse()
        for drawn in engine.sample(prompt, asked["num_samples"], how):
            one = out.sequences.add()
            one.tokens = np.array(drawn.tokens, dtype=np.int32).tobytes()
            one.logprobs = np.array(drawn.logprobs, dtype=np.float32).tobytes()
            one.stop_reason = wire.STOP_REASON_STOP if drawn.stop_reason == "stop" else wire.STOP_REASON_LENGTH
        return {**self._future("asample", out), "sample_sequence_ids": [f"q{at}" for at in range(asked["num_samples"])]}

    def _save_weights(self, body: bytes) -> dict[str, Any]:
        asked = json.loads(body)
        self.server.engines[asked["model_id"]].save_state(self.server.folder / asked["path"])
        return self._future("save_weights", {"type": "save_weights", "path": f"tinker://stub/{asked['path']}"})

    def _load_weights(self, body: bytes) -> dict[str, Any]:
        asked = json.loads(body)
        place = self.server.folder / asked["path"].rpartition("/")[2]
        if not place.exists():
            return self._future("load_weights", {"error": "there are no such weights", "category": "user"})
        name = asked.get("model_id") or f"{asked['session_id']}:train:{asked['model_seq_id']}"  # a model may begin with what is loaded
        if name not in self.server.engines:
            self.server.engines[name] = self.server.make()
        self.server.engines[name].load_state(str(place))
        return self._future("load_weights", {"type": "load_weights", "path": asked["path"]})


def _ints(chunk: Any) -> list[int]:
    return [int(value) for value in np.frombuffer(chunk.encoded_text.tokens, dtype=np.int32)]


def _floats(value: Any) -> Any:
    return np.frombuffer(value.dense, dtype=np.int64 if value.dtype == 2 else np.float32).astype(np.float64)
