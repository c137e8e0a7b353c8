"""TRL's own GRPO on a task of ours, run in a virtual environment of its own: one step for each line on standard input, then one line of JSON.

Everything is the peer's own: its trainer, its chat template with tools, its sampling with transformers, its adapters (peft). The jobs come to it
through `bakeoff.bridges.trl`, as they would to any user of it.
"""

from __future__ import annotations

import json
import os
import random
import resource
import sys
import time
from pathlib import Path

os.environ |= {"HF_HUB_OFFLINE": "1", "TRL_EXPERIMENTAL_SILENCE": "1", "TOKENIZERS_PARALLELISM": "false"}
OUT = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what the trainer prints does not come between our lines

import torch  # noqa: E402
import trl  # noqa: E402
from peft import LoraConfig  # noqa: E402
from transformers import AutoTokenizer, TrainerCallback  # noqa: E402
from trl import GRPOConfig, GRPOTrainer  # noqa: E402

from bakeoff.bridges.trl import as_trl  # noqa: E402


def tell(**what: object) -> None:
    OUT.write(json.dumps(what) + "\n")
    OUT.flush()


class InTurn(TrainerCallback):
    """Waits for its turn before each step and says afterwards what it took."""

    def __init__(self, group: int) -> None:
        self.group, self.began, self.cpu = group, 0.0, 0.0

    def on_step_begin(self, args, state, control, **_):
        if not sys.stdin.readline():
            control.should_training_stop = True
        self.began, self.cpu = time.perf_counter(), time.process_time()

    def on_step_end(self, args, state, control, **_):
        took = {"wall": time.perf_counter() - self.began, "cpu": time.process_time() - self.cpu}
        tell(episodes=self.group, memory=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, **took)


def main() -> None:
    told = json.loads(sys.stdin.readline())
    torch.set_num_threads(1)
    tokenizer = AutoTokenizer.from_pretrained(told["model"])
    tokenizer.chat_template = (Path(trl.__file__).parent / "chat_templates" / "qwen3_instruct_2507.jinja").read_text()
    coin = random.Random(0)

    def tossed(completions, **_):
        """What random-reward is on our side: every group has something to learn from, so that each side does all of its work."""
        return [float(coin.random() < 0.5) for _ in completions]

    with as_trl(environment="miniwob", products=[told["product"]], n=64, max_steps=told["steps"], screen_tokens=250) as jobs:
        config = GRPOConfig(
            output_dir=told["scratch"],
            use_cpu=True,
            bf16=told["dtype"] == "bfloat16",
            gradient_checkpointing=False,
            report_to="none",
            save_strategy="no",
            num_generations=told["group"],
            per_device_train_batch_size=2,  # with a whole group at once, the logits took more than 15 GB
            gradient_accumulation_steps=told["group"] // 2,
            max_completion_length=told["tokens"],
            max_tool_calling_iterations=told["steps"],
            max_steps=1000,
            learning_rate=1e-4,
            beta=0.0,
            model_init_kwargs={"dtype": told["dtype"]},
        )
        trainer = GRPOTrainer(
            model=told["model"],
            processing_class=tokenizer,
            args=config,
            train_dataset=jobs.train_dataset,
            environment_factory=jobs.environment_factory,
            reward_funcs=[*jobs.reward_funcs, tossed],
            peft_config=LoraConfig(r=16, lora_alpha=16, target_modules="all-linear", task_type="CAUSAL_LM"),
            callbacks=[InTurn(told["group"])],
        )
        tell(ready=True, version=trl.__version__)
        trainer.train()


if __name__ == "__main__":
    main()
