"""A language model of which little is trained: LoRA's maps, and whatever weights are added to it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from torch import Tensor, nn

if TYPE_CHECKING:
    from transformers import OPTForCausalLM

ADAPTED = ["q_proj", "v_proj"]
"""The maps that LoRA adds to, in every block."""


class LoRAOptions(Protocol):
    """The size of LoRA's maps."""

    @property
    def lora_rank(self) -> int:
        """Rank."""

    @property
    def lora_alpha(self) -> float:
        """Their result counts alpha / rank times."""

    @property
    def lora_dropout(self) -> float:
        """Probability of dropout before them."""


class Adapted(nn.Module):
    """An OPT with LoRA, its own weights frozen.

    Its state is what is trained, so that checkpoints and the best weights are small beside the language model.
    """

    def __init__(self, network: "OPTForCausalLM", options: LoRAOptions) -> None:
        from peft import LoraConfig, inject_adapter_in_model

        super().__init__()
        network.requires_grad_(False)
        self.decoder = network.model.decoder
        lora = LoraConfig(
            r=options.lora_rank,
            lora_alpha=options.lora_alpha,
            lora_dropout=options.lora_dropout,
            target_modules=ADAPTED,
        )
        inject_adapter_in_model(lora, self.decoder)

    @property
    def trained(self) -> set[str]:
        """Names of the trained weights."""
        return {name for name, weight in self.named_parameters() if weight.requires_grad}

    def state_dict(self, *args: Any, **kwargs: Any) -> dict[str, Tensor]:  # type: ignore[override]
        """The trained weights alone."""
        everything: Mapping[str, Tensor] = super().state_dict(*args, **kwargs)
        trained = self.trained
        return {name: weight for name, weight in everything.items() if name in trained}

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """Load the trained weights, all of them; the others stay."""
        if strict and set(state_dict) != self.trained:
            raise KeyError(f"found weights {sorted(set(state_dict) ^ self.trained)} too many or too few")
        return super().load_state_dict(state_dict, strict=False, assign=assign)


def merge(network: "OPTForCausalLM", trained: Mapping[str, Tensor], lora_alpha: float) -> None:
    """Add to an OPT's own weights the maps that an `Adapted` has learned: W + alpha / rank B A, in place.

    trained: its state, of which everything but LoRA is left aside.
    """
    for name, down in trained.items():
        if not name.endswith(".lora_A.default.weight"):
            continue
        up = trained[name.replace(".lora_A.", ".lora_B.")]
        own = network.model.get_parameter(name.replace(".lora_A.default.", "."))
        own.data += (lora_alpha / len(down)) * (up @ down).to(own)
