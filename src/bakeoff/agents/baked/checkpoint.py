"""Checkpoints as a worker needs them: a folder with `engine.json` (what network) and `weights.safetensors`. Whoever trains writes more beside them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from bakeoff.core import UsageError

ABOUT, WEIGHTS = "engine.json", "weights.safetensors"


def read(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """What a checkpoint says of itself, and its weights. Raises `UsageError` in one line when it is missing, damaged or not what it says."""
    try:
        about: dict[str, Any] = json.loads((path / ABOUT).read_text())
        content = (path / WEIGHTS).read_bytes()
    except FileNotFoundError as missing:
        raise UsageError(f"'{path}' is no checkpoint: {Path(str(missing.filename)).name} is missing") from missing
    except (ValueError, NotADirectoryError) as broken:
        raise UsageError(f"the checkpoint '{path}' is damaged: {broken}") from broken
    if hashlib.sha256(content).hexdigest() != about.get("sha256"):
        raise UsageError(f"the checkpoint '{path}' is damaged: its weights are not those that {ABOUT} names")
    try:
        return about, load_file(path / WEIGHTS)
    except SafetensorError as broken:
        raise UsageError(f"the checkpoint '{path}' is damaged: {broken}") from broken


def fill(network: nn.Module, weights: Mapping[str, Tensor], path: Path | str) -> None:
    """Puts a checkpoint's weights into a network. Raises `UsageError` in one line when they are those of another version of it."""
    own = network.state_dict()
    strange = [name for name in (*own, *weights) if name not in own or name not in weights or own[name].shape != weights[name].shape]
    if strange:
        raise UsageError(f"the checkpoint '{path}' is of another version of the network ('{strange[0]}' does not fit); bake it again")
    network.load_state_dict(weights)
