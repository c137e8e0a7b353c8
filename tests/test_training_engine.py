"""The engine and what is sent to it: the contract, the losses, and the ways from rewards to advantages."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from bakeoff.core import TaskId, UsageError  # noqa: E402
from bakeoff.training.advantages import VARIANTS, Variant, advantages, centred, correct, mixed, token_weights, variant  # noqa: E402
from bakeoff.training.contract import check_engine  # noqa: E402
from bakeoff.training.examples import examples  # noqa: E402
from bakeoff.training.local import LocalEngine, build  # noqa: E402
from bakeoff.training.protocol import AdamParams, Datum, SamplingParams  # noqa: E402
from bakeoff.training.tokens import TokenModel  # noqa: E402
from toy import TOOLS, ToyEnvironment  # noqa: E402

torch.set_num_threads(1)


def toy_examples(count: int = 3) -> object:
    from bakeoff.core import run_episode

    with ToyEnvironment() as environment:
        demos = []
        for seed in range(count):
            task = environment.task(TaskId("toy", "toy-alpha", 1, "assign-locker", seed))
            demos.append(run_episode(environment, environment.expert(task), task, agent="expert"))
    return examples(demos, TOOLS)


def tokens_engine() -> LocalEngine:
    return LocalEngine(build({"network": "tokens", "vocabulary": 12, "width": 16, "layers": 1, "heads": 2, "context": 24}, 3))


def pointer_engine() -> LocalEngine:
    grammar = toy_examples().grammar  # type: ignore[attr-defined]
    return LocalEngine(
        build({"network": "pointer", "shape": {"width": 16, "layers": 1, "heads": 2, "texts": 8}, "grammar": grammar.to_dict()}, 3)
    )


def test_the_local_engine_keeps_the_contract_with_plain_tokens(tmp_path: Path) -> None:
    check_engine(tokens_engine, [(1, 2, 3), (4, 5), (6, 7, 8, 9)], tmp_path)


def test_the_local_engine_keeps_the_contract_with_screens(tmp_path: Path) -> None:
    data = toy_examples().data  # type: ignore[attr-defined]
    check_engine(pointer_engine, [data[0].prompt, data[2].prompt], tmp_path)


def test_what_a_batch_says_is_what_each_example_says() -> None:
    """Padding changes nothing: actions of every kind, scored together and alone."""
    data = toy_examples().data[:12]  # type: ignore[attr-defined]
    engine = pointer_engine()
    together = engine.forward(data)
    for datum, found in zip(data, together, strict=True):
        assert np.allclose(found, engine.forward([datum])[0], atol=1e-4)


def test_gradients_add_up_over_calls_as_over_one_batch() -> None:
    data = [Datum((1, 2), (3, 4), {"weights": np.array([1.0, 0.5])}), Datum((5,), (6, 7, 1), {"weights": np.ones(3)})]
    one, two = tokens_engine(), tokens_engine()
    one.forward_backward(data, "cross_entropy")
    for datum in data:
        two.forward_backward([datum], "cross_entropy")
    norms = [engine.optim_step(AdamParams(eps=1.0)) for engine in (one, two)]
    assert norms[0] == pytest.approx(norms[1], rel=1e-4)
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(one.network.parameters(), two.network.parameters(), strict=True))


def test_a_weight_of_zero_teaches_nothing() -> None:
    engine = tokens_engine()
    passed = engine.forward_backward([Datum((1, 2), (3, 4), {"weights": np.zeros(2)})], "cross_entropy")
    assert passed.loss == 0 and engine.optim_step(AdamParams()) == 0


def test_a_language_models_completion_ends_at_its_stop_token() -> None:
    model = TokenModel(8, 16, 1, 2)
    engine = LocalEngine(model)
    for drawn in engine.sample((1, 2), 20, SamplingParams(max_tokens=10, stop=(3,), seed=1)):
        assert (drawn.tokens[-1] == 3) == (drawn.stop_reason == "stop") and 3 not in drawn.tokens[:-1] and len(drawn.tokens) <= 10


@pytest.mark.parametrize("broken", ["engine.json", "weights.safetensors", "optimiser.safetensors"])
def test_a_damaged_checkpoint_is_one_clear_line(broken: str, tmp_path: Path) -> None:
    engine = tokens_engine()
    engine.save_state(tmp_path / "state")
    content = (tmp_path / "state" / broken).read_bytes()
    (tmp_path / "state" / broken).write_bytes(content[: len(content) // 2])
    with pytest.raises(UsageError, match="damaged"):
        tokens_engine().load_state(str(tmp_path / "state"))
    (tmp_path / "state" / broken).unlink()
    with pytest.raises(UsageError, match="is missing"):
        tokens_engine().load_state(str(tmp_path / "state"))


def test_a_checkpoint_of_another_network_is_refused(tmp_path: Path) -> None:
    saved = tokens_engine().save_state(tmp_path / "state")
    with pytest.raises(UsageError, match="another network"):
        LocalEngine(TokenModel(9, 16, 1, 2)).load_state(saved)
    with pytest.raises(UsageError, match="no network 'dreams'"):
        build({"network": "dreams"}, 0)


def test_an_example_whose_arrays_do_not_fit_is_refused() -> None:
    with pytest.raises(UsageError, match="2 values for 1 tokens"):
        Datum((1,), (2,), {"weights": np.ones(2)})
    with pytest.raises(UsageError, match="at least one token"):
        Datum((1,), ())


# --- from rewards to advantages ---------------------------------------------------------------------------------------------------

rewards = st.lists(st.floats(0, 1, allow_nan=False), min_size=2, max_size=12)
variants = st.sampled_from(sorted(VARIANTS.values(), key=lambda item: item.name))


@given(rewards, variants)
def test_advantages_of_a_group_sum_to_nothing(values: list[float], how: Variant) -> None:
    assert centred(values, how).sum() == pytest.approx(0, abs=1e-6)


@given(rewards, variants, st.floats(-5, 5))
def test_a_reward_for_everybody_changes_nothing(values: list[float], how: Variant, gift: float) -> None:
    assert np.allclose(centred(values, how), centred([value + gift for value in values], how), atol=1e-3)


@given(rewards, variants, st.randoms())
def test_the_order_of_a_group_does_not_matter(values: list[float], how: Variant, rng: object) -> None:
    order = list(range(len(values)))
    rng.shuffle(order)  # type: ignore[attr-defined]
    assert np.allclose(centred([values[at] for at in order], how), centred(values, how)[order])


@given(rewards)
def test_leaving_one_out_is_the_group_baseline_enlarged(values: list[float]) -> None:
    size = len(values)
    found = centred(values, VARIANTS["rloo"])
    assert np.allclose(found, centred(values, VARIANTS["dr_grpo"]) * size / (size - 1), atol=1e-9)
    if np.ptp(values) > 1e-6:
        others = [(sum(values) - value) / (size - 1) for value in values]
        assert np.allclose(found, np.array(values) - others, atol=1e-9)


@given(st.lists(st.sampled_from([0.0, 1.0]), min_size=2, max_size=10), st.floats(0.5, 20))
def test_scaled_variants_do_not_care_for_the_unit_of_reward(values: list[float], unit: float) -> None:
    for name in ("grpo", "dapo", "cispo"):
        assert np.allclose(centred(values, VARIANTS[name]), centred([value * unit for value in values], VARIANTS[name]), atol=1e-4)


@given(st.floats(0, 1), st.integers(2, 9), variants)
def test_a_group_of_equals_teaches_nothing(value: float, size: int, how: Variant) -> None:
    assert not advantages([value] * size, [3] * size, how).any()


@given(st.lists(st.integers(1, 50), min_size=2, max_size=8))
def test_token_weights_add_up(lengths: list[int]) -> None:
    own, tokens = token_weights(lengths, VARIANTS["grpo"]), token_weights(lengths, VARIANTS["dapo"])
    assert (own * lengths).sum() == pytest.approx(1) and (tokens * lengths).sum() == pytest.approx(1)
    assert np.allclose(own * lengths, 1 / len(lengths))  # every episode counts the same
    assert np.ptp(tokens) < 1e-12  # every token counts the same


@given(st.lists(st.tuples(st.floats(-2, 2), st.floats(-3, 0)), min_size=1, max_size=6), variants)
def test_before_anything_has_moved_nothing_is_clipped(pairs: list[tuple[float, float]], how: Variant) -> None:
    advantage, old = (np.array(column) for column in zip(*pairs, strict=True))
    assert np.allclose(correct(advantage, old, old, how), advantage)


@settings(max_examples=200)
@given(st.floats(-2, 2), st.floats(-2, 2), variants)
def test_clipping_never_turns_a_gradient_round_nor_enlarges_it_where_it_bounds(advantage: float, drift: float, how: Variant) -> None:
    worth = float(correct(np.array([advantage]), np.array([-2.0]), np.array([-2.0 + drift]), how)[0])
    assert worth * advantage >= 0
    ratio = float(np.exp(drift))
    if how.clip == "objective":
        bounded = (advantage > 0 and ratio > 1 + how.high) or (advantage < 0 and ratio < 1 - how.low)
        assert worth == (0 if bounded else advantage)
    if how.clip == "weight":
        assert abs(worth) * ratio <= abs(advantage) * (1 + how.high) + 1e-9
    if how.clip == "none":
        assert worth == advantage


def test_dapo_lets_rare_actions_grow_further_than_grpo() -> None:
    old, new = np.array([-3.0]), np.array([-3.0 + np.log(1.25)])
    assert correct(np.ones(1), old, new, VARIANTS["grpo"])[0] == 0 and correct(np.ones(1), old, new, VARIANTS["dapo"])[0] == 1


def test_dynamic_sampling_goes_by_the_outcome() -> None:
    assert mixed([True, False]) and not mixed([False, False]) and not mixed([True, True])


def test_bad_input_is_refused() -> None:
    with pytest.raises(UsageError, match="there is no variant 'ppo'"):
        variant("ppo")
    with pytest.raises(UsageError, match="at least two"):
        centred([1.0], VARIANTS["grpo"])
    with pytest.raises(UsageError, match="without tokens"):
        token_weights([3, 0], VARIANTS["rloo"])
