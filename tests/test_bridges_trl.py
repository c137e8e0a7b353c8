"""The bridge to TRL: rows, tools and rewards as TRL takes them, faults masked, and a real step of its trainer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("datasets")

from bakeoff.bridges.trl import FIRST_SEED, as_trl
from bakeoff.core import Abstained, EnvironmentFault, TaskId, UsageError
from contest_plugin import plugin  # noqa: F401
from toy import OWNERS

pytestmark = pytest.mark.usefixtures("plugin")


def relabel(place: Any, instruction: str) -> None:
    """Does the job by the tools' methods, reading the screens that TRL's model would read."""
    old, new = instruction.split('"')[1], instruction.split('"')[3]
    screen = place.reset(task=place.row)
    while f"link '{old}'" not in screen:
        screen = place.click(ref=ref(screen, "Next page"))
    screen = place.click(ref=ref(screen, old))
    place.type(ref=ref(screen, "Label"), text=new)
    screen = place.click(ref=ref(place.wait(), "Save"))
    assert place.finish() == "The job has ended."


def ref(screen: str, name: str) -> str:
    line = next(line for line in screen.splitlines() if f"'{name}" in line and any(role in line for role in ("link", "button", "textbox")))
    return line.strip().split("]")[0].strip("[ ")


def test_the_triple_names_training_tasks_alone_and_larger_sets_contain_smaller_ones() -> None:
    with as_trl(environment="toy", n=6) as jobs:
        rows = list(jobs.train_dataset)
        assert len(rows) == 6 and {TaskId.parse(row["task"]).product for row in rows} == {"toy-alpha"}
        assert all(TaskId.parse(row["task"]).seed >= FIRST_SEED for row in rows)
        assert [row["prompt"][-1]["role"] for row in rows] == ["user"] * 6
    names = [row["task"] for row in rows]
    assert [row["task"] for row in as_trl(environment="toy", n=3).train_dataset] == names[:3]
    assert [row["task"] for row in as_trl(environment="toy", n=3, first=3).train_dataset] == names[3:]


@pytest.mark.parametrize("product", ["toy-beta", "toy-gamma"])
def test_development_and_sealed_products_are_refused(product: str) -> None:
    with pytest.raises(UsageError, match="nothing may be learned from it"):
        as_trl(environment="toy", products=[product])


def test_what_cannot_be_is_one_line() -> None:
    for wish, complaint in (
        ({"templates": ["no"]}, "has the template"),
        ({"n": 0}, "at least one"),
        ({"max_steps": 0}, "max_steps"),
        ({"suffix": "-none"}, "toy-alpha-none"),
    ):
        with pytest.raises(UsageError, match=complaint):
            as_trl(environment="toy", **wish)  # type: ignore[arg-type]


def test_work_done_by_the_methods_is_rewarded_and_work_left_undone_is_not() -> None:
    with as_trl(environment="toy", templates=["relabel-locker"], n=2) as jobs:
        first, second = jobs.train_dataset
        good, idle = jobs.environment_factory(), jobs.environment_factory()
        good.row = first["task"]
        relabel(good, first["prompt"][-1]["content"])
        idle.reset(**second)
        assert jobs.reward_funcs[0](environments=[good, idle], prompts=None) == [1.0, 0.0]
        assert jobs.reward_funcs[0](environments=[good, idle]) == [1.0, 0.0], "asked again, it says the same"
        assert good.reset(**second) and jobs.reward_funcs[0](environments=[good]) == [0.0], "a pooled environment begins anew"


def test_a_wrong_call_is_told_and_costs_a_step() -> None:
    with as_trl(environment="toy", n=1, max_steps=3) as jobs:
        place = jobs.environment_factory()
        place.reset(**jobs.train_dataset[0])
        for call, complaint in ((lambda: place.click(ref="e999"), "e999"), (lambda: place.type(ref=7, text="x"), "type string")):
            with pytest.raises(Exception, match=complaint):
                call()
        assert place.wait() == "The job has ended."
        with pytest.raises(Exception, match="has ended"):
            place.wait()


def test_a_fault_is_none_and_never_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    from bakeoff.contest.host import HostedEnvironment

    with as_trl(environment="toy", n=3) as jobs:
        dies, vague, fine = (jobs.environment_factory() for _ in range(3))
        for place, row in zip((dies, vague, fine), jobs.train_dataset, strict=True):
            place.reset(**row)
        monkeypatch.setattr(dies._host, "step", lambda action: (_ for _ in ()).throw(EnvironmentFault("it fell over")))
        with pytest.raises(EnvironmentFault):
            dies.wait()
        monkeypatch.setattr(vague._host, "verify", lambda: Abstained("it could not be seen"))
        logged: dict[str, float] = {}
        rewards = jobs.reward_funcs[0](environments=[dies, vague, fine], log_metric=logged.__setitem__)
        assert rewards == [None, None, 0.0] and jobs.abstentions == ["it fell over", "it could not be seen"]
        assert logged["abstained"] == pytest.approx(2 / 3)
        monkeypatch.undo()
        dies.reset(**jobs.train_dataset[0])
        assert jobs.reward_funcs[0](environments=[dies]) == [0.0], "and works again afterwards"
        assert isinstance(fine._host, HostedEnvironment)


SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]


def tiny(folder: Path) -> tuple[Any, Any]:
    """A random two-layer model, and a byte-level tokenizer with a chat template that knows tools. Nothing is downloaded."""
    import torch
    import trl
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    torch.manual_seed(0)
    plain = Tokenizer(models.BPE())
    plain.pre_tokenizer, plain.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=SPECIAL, initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    plain.train_from_iterator([*OWNERS, '{"name": "wait", "arguments": {}}'] * 3, trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=plain, eos_token="<|im_end|>", pad_token="<|endoftext|>")
    tokenizer.chat_template = (Path(trl.__file__).parent / "chat_templates" / "qwen3_instruct_2507.jinja").read_text()
    size = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 2}
    config = LlamaConfig(vocab_size=len(tokenizer), max_position_embeddings=8192, eos_token_id=2, pad_token_id=0, **size)
    return LlamaForCausalLM(config), tokenizer


def test_a_step_of_the_real_trainer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """TRL accepts the triple, renders every tool, runs the rollouts, and leaves out of its mean what was not judged."""
    for name in ("HF_HUB_OFFLINE", "TRL_EXPERIMENTAL_SILENCE"):
        monkeypatch.setenv(name, "1")
    pytest.importorskip("trl", minversion="1.16")
    from trl import GRPOConfig, GRPOTrainer

    model, tokenizer = tiny(tmp_path)
    with as_trl(environment="toy", n=4, screen_tokens=200) as jobs:
        config = GRPOConfig(
            str(tmp_path / "out"),
            per_device_train_batch_size=4,
            num_generations=4,
            max_completion_length=32,
            max_steps=1,
            logging_steps=1,
            save_strategy="no",
            report_to="none",
            use_cpu=True,
            bf16=False,
        )
        trainer = GRPOTrainer(
            model,
            args=config,
            train_dataset=jobs.train_dataset,
            processing_class=tokenizer,
            environment_factory=jobs.environment_factory,
            reward_funcs=jobs.reward_funcs,
        )
        rendered = tokenizer.apply_chat_template(jobs.train_dataset[0]["prompt"], tools=trainer.tools, tokenize=False)
        assert all(f'"name": "{name}"' in rendered for name in ("click", "type", "select", "wait", "finish"))
        assert '"required": ["ref", "text"]' in rendered and "reset" not in rendered
        original = jobs.environment_factory
        pool = trainer._environment_pool[None]
        pool += [original() for _ in range(3)]
        pool[0]._reward = lambda: None
        trainer.train()
        logged = [entry for entry in trainer.state.log_history if "reward" in entry]
        assert len(logged) == 1 and logged[0]["reward"] == 0.0 and logged[0]["abstained"] == 0.25
