"""The engine by URL keeps the same contract as the one at home: the real SDK against a stub server on the loopback."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")

from bakeoff.core import UsageError
from bakeoff.training.local import LocalEngine, build
from bakeoff.training.tinker import TinkerEngine


def tokens_engine() -> LocalEngine:
    return LocalEngine(build({"network": "tokens", "vocabulary": 12, "width": 16, "layers": 1, "heads": 2, "context": 24}, 3))


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINKER_API_KEY", "tml-of-a-test")
    monkeypatch.setenv("TINKER_TELEMETRY", "0")


def sdk() -> None:
    pytest.importorskip("tinker", reason="the extra `tinker` is not installed")


@pytest.mark.usefixtures("key")
def test_the_sdk_against_a_stub_server_keeps_the_contract(tmp_path: Path) -> None:
    sdk()
    from bakeoff.training.contract import check_engine
    from tinker_stub import Stub

    server = Stub(tokens_engine, tmp_path)
    try:
        check_engine(lambda: TinkerEngine(server.url, "stub", patience=60), [(1, 2, 3), (4, 5), (6, 7, 8, 9)], tmp_path)
        assert {"forward_backward", "optim_step", "asample", "save_weights", "load_weights"} <= set(server.seen)
    finally:
        server.shutdown()


@pytest.mark.usefixtures("key")
def test_an_answer_that_is_nonsense_is_one_clear_line(tmp_path: Path) -> None:
    sdk()
    from bakeoff.training.protocol import SamplingParams
    from tinker_stub import Stub

    server = Stub(tokens_engine, tmp_path, broken="asample")
    try:
        engine = TinkerEngine(server.url, "stub", patience=5)
        with pytest.raises(UsageError, match="the server at") as caught:
            engine.sample((1, 2), 1, SamplingParams(max_tokens=3))
        assert "\n" not in str(caught.value)
    finally:
        server.shutdown()


@pytest.mark.usefixtures("key")
def test_a_server_that_is_down_is_one_clear_line() -> None:
    sdk()
    with pytest.raises(UsageError, match="there is no Tinker server at"):
        TinkerEngine("http://127.0.0.1:9", "stub")


def test_without_the_sdk_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "tinker", None)
    with pytest.raises(UsageError, match=r"pip install 'bakeoff\[tinker\]'"):
        TinkerEngine("http://127.0.0.1:9", "stub")


def test_the_key_comes_from_the_environment_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sdk()
    from tinker_stub import Stub

    monkeypatch.delenv("TINKER_API_KEY", raising=False)
    server = Stub(tokens_engine, tmp_path)
    try:
        with pytest.raises(UsageError, match="set TINKER_API_KEY"):
            TinkerEngine(server.url, "stub")
    finally:
        server.shutdown()
