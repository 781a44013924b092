"""Weights of T5 checkpoints in the format of transformers."""

from collections.abc import Mapping

import torch
from torch import Tensor


def from_transformers(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A state dict for `T5` from that of transformers' `T5ForConditionalGeneration` (tied embeddings, ReLU)."""
    found = dict(weights)
    taken = {
        "embedding.weight": found["shared.weight"],
        "encoder_norm.weight": found["encoder.final_layer_norm.weight"],
        "decoder_norm.weight": found["decoder.final_layer_norm.weight"],
    }
    for side, last in (("encoder", 1), ("decoder", 2)):
        first = f"{side}.block.0.layer.0.SelfAttention."
        taken[f"{side}_bias.weight"] = found[f"{first}relative_attention_bias.weight"]
        number = 0
        while f"{side}.block.{number}.layer.0.layer_norm.weight" in found:
            theirs, ours = f"{side}.block.{number}.layer.", f"{side}.{number}."
            attention = f"{theirs}0.SelfAttention."
            taken[f"{ours}attention.norm.weight"] = found[f"{theirs}0.layer_norm.weight"]
            taken[f"{ours}attention.query_key_value.weight"] = torch.cat(
                [found[f"{attention}{m}.weight"] for m in "qkv"]
            )
            taken[f"{ours}attention.out.weight"] = found[f"{attention}o.weight"]
            if side == "decoder":
                taken[f"{ours}cross.norm.weight"] = found[f"{theirs}1.layer_norm.weight"]
                for name, letter in (("query", "q"), ("key", "k"), ("value", "v"), ("out", "o")):
                    taken[f"{ours}cross.{name}.weight"] = found[f"{theirs}1.EncDecAttention.{letter}.weight"]
            taken[f"{ours}feed_forward.norm.weight"] = found[f"{theirs}{last}.layer_norm.weight"]
            taken[f"{ours}feed_forward.widen.weight"] = found[f"{theirs}{last}.DenseReluDense.wi.weight"]
            taken[f"{ours}feed_forward.narrow.weight"] = found[f"{theirs}{last}.DenseReluDense.wo.weight"]
            number += 1
    return taken
