"""A language model's endpoint on loopback, for tests: what it answers is a function of what it is asked, and it can be told to misbehave."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "sk-stub-5f3b7c1d9e"

Reply = dict[str, Any] | Callable[[BaseHTTPRequestHandler], None]


def called(tool: str, arguments: Any = None, **more: Any) -> dict[str, Any]:
    """A completion that is a tool call. Arguments that are a string are sent as they are."""
    text = arguments if isinstance(arguments, str) else json.dumps(arguments or {})
    return completion({"tool_calls": [{"id": "1", "type": "function", "function": {"name": tool, "arguments": text}}], **more})


def completion(message: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": "x",
        "object": "chat.completion",
        "created": 0,
        "model": "stub",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": None, **message}}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 7, "total_tokens": 107},
    }


def status(code: int, body: str = '{"error": {"message": "not now"}}', **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        for name, value in {"content-type": "application/json", **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("content-length", str(len(body.encode())))
        handler.end_headers()
        handler.wfile.write(body.encode())

    return send


def slow(seconds: float) -> Callable[[BaseHTTPRequestHandler], None]:
    def send(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(seconds)

    return send


class Stub:
    """`replies`: given one after the other, before `policy(request)` is asked. `requests`: bodies so far; `keys`: authorisations so far."""

    def __init__(self, policy: Callable[[dict[str, Any]], Reply]) -> None:
        self.policy, self.replies = policy, list[Reply]()
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str] = []
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                stub.requests.append(body)
                stub.keys.append(self.headers["authorization"])
                reply = stub.replies.pop(0) if stub.replies else stub.policy(body)
                if callable(reply):
                    return reply(self)
                return status(200, json.dumps(reply))(self)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
