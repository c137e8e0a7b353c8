"""Expert data for others: chat JSONL as supervised fine-tuning takes it, sessions as the Hugging Face viewer shows them, and the dataset card."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

from bakeoff.core import Tool, Trajectory, UsageError
from bakeoff.experts.item import Item
from bakeoff.experts.shelf import Shelf

Format = Literal["chat", "sessions"]
FORMATS: tuple[Format, ...] = ("chat", "sessions")

SYSTEM = "You work in a piece of software. You are told what to do and shown the screen as lines of text; answer with one tool call at a time, and call finish when the job is done."


def messages(item: Item, demo: Trajectory) -> list[dict[str, Any]]:
    """The demonstration as a conversation: the task and the first screen, then for each action the reason, the call and the screen that followed.

    What follows never changes what stood before, so that token prefixes hold from turn to turn.
    """
    out: list[dict[str, Any]] = [
        {"role": "system", "content": SYSTEM},
        {"role": "user", "content": f"{demo.first.goal}\n\n{demo.first.text}"},
    ]
    for number, (step, why) in enumerate(zip(demo.steps, item.reasoning, strict=True), start=1):
        call = {
            "id": f"call-{number}",
            "type": "function",
            "function": {"name": step.action.tool, "arguments": dict(step.action.arguments)},
        }
        out.append({"role": "assistant", "content": "", "reasoning_content": why, "tool_calls": [call]})
        if not step.observation.done:
            out.append({"role": "tool", "tool_call_id": f"call-{number}", "name": step.action.tool, "content": step.observation.text})
    return out


def export(shelf: Shelf, tools: Sequence[Tool], file: Path, form: Format, told: Callable[[int], None] = lambda done: None) -> int:
    """Writes all items, one a line (`chat`), or one a file in a folder (`sessions`); returns how many. Raises `UsageError` for an empty shelf.

    `chat`: `{"messages": […], "tools": "<JSON>", "id": …}`, as TRL's supervised trainer reads it.
    `sessions`: a line for the session, then one for each message.
    """
    if form not in FORMATS:
        raise UsageError(f"there is no format '{form}'; there are {', '.join(FORMATS)}")
    if not len(shelf):
        raise UsageError(f"there are no items in '{shelf.folder}'")
    offered = json.dumps([{"type": "function", "function": tool.to_dict()} for tool in tools], ensure_ascii=False)
    if form == "chat":
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_name(f"{file.name}.part")
        with part.open("w", encoding="utf-8") as out:
            for number, item in enumerate(shelf, start=1):
                row = {"id": item.id, "messages": messages(item, shelf.demo(item)), "tools": offered}
                out.write(json.dumps(row, ensure_ascii=False) + "\n")
                told(number)
        part.replace(file)
        return len(shelf)
    file.mkdir(parents=True, exist_ok=True)
    for number, item in enumerate(shelf, start=1):
        lines: list[dict[str, Any]] = [{"type": "session", "harness": "bakeoff", "id": item.id}]
        lines += [{"type": "message", "message": message} for message in messages(item, shelf.demo(item))]
        name = hashlib.sha256(item.id.encode()).hexdigest()[:16]
        (file / f"{name}.jsonl").write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines) + "\n", encoding="utf-8")
        told(number)
    return len(shelf)


def card(shelf: Shelf) -> str:
    """The dataset card: what is in it, who made it, what vouches for it, and what it must not be used for."""
    items = list(shelf)
    if not items:
        raise UsageError(f"there are no items in '{shelf.folder}'")
    minutes = sum(sum(item.provenance.minutes.values()) for item in items)
    authors = Counter(item.provenance.author for item in items)
    tried: dict[str, Counter[bool | None]] = {}
    for item in [*items, *shelf.rejected.values()]:
        for gate in item.gates:
            tried.setdefault(gate.name, Counter())[gate.passed] += 1
    gates = [f"| {name} | {found[True]} | {found[False]} | {found[None]} |" for name, found in tried.items()]
    families = Counter((item.id.partition("/")[0], item.family, item.template) for item in items)
    rows = [f"| {environment} | {family} | {template} | {count} |" for (environment, family, template), count in sorted(families.items())]
    canary = hashlib.sha256("\n".join(sorted(item.demo for item in items)).encode()).hexdigest()
    size = next(
        name for bound, name in ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1 << 60, "n>100K")) if len(items) < bound
    )
    derived = sum(item.derived for item in items)
    assumed = sum(item.provenance.assumed for item in items)
    products = len({item.product for item in items})
    return "\n".join(
        [
            "---",
            "license: apache-2.0",
            "language: [en]",
            "task_categories: [reinforcement-learning, text-generation]",
            "tags: [agent-traces, tool-use, bakeoff]",
            f"size_categories: [{size}]",
            "---",
            "# Expert data",
            "",
            f"{len(items)} verified demonstrations in {products} training products, {sum(item.steps for item in items)} actions. Trajectories are",
            "ATIF-v1.8; each item names its demonstration and its gold state by SHA-256.",
            "",
            "| environment | family | template | items |",
            "|---|---|---|---|",
            *rows,
            "",
            "## Who made it",
            "",
            f"{', '.join(f'{name}: {count}' for name, count in authors.items())}. {minutes / 60:.1f} hours of work"
            + (f" ({assumed} of {len(items)} by assumption: a fixed time for each action)." if assumed else "."),
            f"Reasons were derived from what was done in {derived} of {len(items)} items, and written by the author in the others.",
            "",
            "## What vouches for it",
            "",
            f"{len(shelf.rejected)} further items failed a gate and are not part of it.",
            "",
            "| gate | passed | failed | not tried |",
            "|---|---|---|---|",
            *gates,
            "",
            "Recompute with `bakeoff experts check`. Verdicts come from the environment's verifier; `bakeoff audit` measures its errors.",
            "",
            "## Not for",
            "",
            "Products of the development and sealed splits are not in it, and a benchmark on these training products measures what was taught.",
            f"Canary: bakeoff-{canary[:32]}",
            "",
        ]
    )
