"""STORE's dense tokenizer: the network and its two passes (STORE, 3.1, equations 1-5).

The paper lays content C, dense tokens T, placeholders P and task K in one sequence under a mask of four blocks:

    query \\ key     C        T        P        K
    C             causal     -        -        -
    T              all     causal     -        -
    P               -        -      causal     -
    K               -        -       all     causal

P and K never see C or T, so two sequences with plain causal masks are the same: [C | T], whose states at T are H, and
[P | K] with H in the places of P. tests/encoders/test_dense_tokenizer.py compares them with the mask as it stands.
"""

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from semtok.config.language_encoders import DenseTokenizerEncoder
from semtok.encoders.adapted import Adapted
from semtok.run import devices

if TYPE_CHECKING:
    from transformers import OPTForCausalLM


class DenseTokenizer(Adapted):
    """An OPT with LoRA, embeddings of v dense tokens and of a token a task; nothing else of it is trained.

    Tokens from `n_words` on are the dense tokens and then the tasks. The width of an input may be smaller than that of
    a state (opt-350m: 512 and 1024; S-I5): H re-enters the model as the projection of the states to that width.
    """

    def __init__(self, network: "OPTForCausalLM", options: DenseTokenizerEncoder, n_tasks: int) -> None:
        super().__init__(network, options)
        self.compute_dtype = torch.float32
        self.n_dense = options.dense_tokens
        self.n_words = network.config.vocab_size
        # Taken off, since the states before it are what is clustered.
        self.narrow = self.decoder.project_out or nn.Identity()
        self.decoder.project_out = None
        words = self.decoder.embed_tokens.weight
        self.special = nn.Parameter(torch.randn(self.n_dense + n_tasks, words.shape[1]) * words.std())

    def embed(self, tokens: Tensor) -> Tensor:
        """Tokens [batch, length] to inputs [batch, length, width of a word]."""
        is_special = tokens >= self.n_words
        words = self.decoder.embed_tokens(tokens.masked_fill(is_special, 0))
        special = F.embedding((tokens - self.n_words).clamp(min=0), self.special)
        return torch.where(is_special.unsqueeze(-1), special, words)

    def read(self, tokens: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Pass 1, over [C | T].

        Args:
            tokens: [batch, length] content and dense tokens, padded at the end.
            mask: [batch, length] True where there is a token.

        Returns:
            The states at T, float32 [batch, v, width of a state], and H, those in the width of an input.
        """
        states = self._run(self.embed(tokens), mask)
        is_dense = (tokens >= self.n_words) & (tokens < self.n_words + self.n_dense)
        dense = states[is_dense].view(len(tokens), self.n_dense, -1)
        return dense, self.narrow(dense)

    def answer(self, dense: Tensor, tokens: Tensor, mask: Tensor) -> Tensor:
        """Pass 2, over [P | K]: the logits of every token of the answers, given those before it.

        Args:
            dense: H [batch, v, width of an input], which fills P.
            tokens: [batch, length] K: the task's token and the answer, padded at the end.
            mask: [batch, length] True where there is a token.

        Returns:
            float32 [tokens of all answers, words], in the order of `tokens[:, 1:][mask[:, 1:]]`.
        """
        inputs = torch.cat([dense, self.embed(tokens)], dim=1)  # (batch, v + length, width)
        filled = F.pad(mask, (self.n_dense, 0), value=True)
        states = self._run(inputs, filled)[:, self.n_dense : -1][mask[:, 1:]]  # (answer tokens, width of a state)
        return F.linear(self.narrow(states), self.decoder.embed_tokens.weight)

    def _run(self, inputs: Tensor, mask: Tensor) -> Tensor:
        """The states of all tokens, float32; positions count from 0, since padding stands at the end."""
        with devices.autocast(inputs.device, self.compute_dtype):
            states: Tensor = self.decoder(inputs_embeds=inputs, attention_mask=mask.long()).last_hidden_state
        return states.float()
