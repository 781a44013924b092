"""A small BERT from scratch: it tells masked tokens from both sides (Devlin et al., NAACL 2019, 3.1 and A.1)."""

import string
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import pandas as pd
import torch
import torch.nn.functional as F
from torch import Tensor

from semtok.config.language_models import CorpusModel
from semtok.encoders.attributes import TokenIds, field_label
from semtok.encoders.corpus_training import CorpusTraining
from semtok.encoders.language_models import CLS, MASK, SEP
from semtok.run import devices
from semtok.torchvision_operators import declare_missing
from semtok.training import generator

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import BertForMaskedLM

SPECIAL = ["[PAD]", "[UNK]", CLS, SEP, MASK]
"""The first tokens; they are never asked for."""
ASCII = [*string.ascii_lowercase, *string.digits, *string.punctuation]
MOST_OTHERS = 50
"""Characters beyond ASCII that are known, at most."""
ANSWERS = ["yes", "no"]
"""What is asked for later must be one token, whether or not the texts have it."""
ASKED, MASKED, REPLACED = 0.15, 0.8, 0.1
"""The share of tokens that are to be told; of those, what stands in their place: a mask, or any token; or they stay."""


def word_piece(items: pd.DataFrame, size: int) -> "Tokenizer":
    """A vocabulary of at most `size` tokens, learned from all columns, without capitals and accents; ASCII letters,
    digits and marks are in it, so that no English word is unknown."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    normalizer, pre_tokenizer = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    fields = [(f"{field_label(field)} ", items[field].dropna()) for field in map(str, items)]
    texts = [normalizer.normalize_str(before + text) for before, column in fields for text in column]
    letters = sorted({*ASCII, *_frequent(texts)})
    # Given to the trainer as special ones, these are numbered as they stand here; it numbers what it finds itself in
    # the order of a hash table, by which it also settles ties, so that two trainings differ.
    first = [*SPECIAL, *letters, *(f"##{letter}" for letter in letters), *ANSWERS]
    learned = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    learned.pre_tokenizer = pre_tokenizer
    trainer = trainers.WordPieceTrainer(vocab_size=size, special_tokens=first, show_progress=False)
    known = {*letters, " "}
    learned.train_from_iterator(("".join(c if c in known else " " for c in text) for text in texts), trainer)

    vocabulary = Tokenizer(models.WordPiece(learned.get_vocab(), unk_token="[UNK]"))
    vocabulary.normalizer, vocabulary.pre_tokenizer = normalizer, pre_tokenizer
    vocabulary.decoder = decoders.WordPiece()
    vocabulary.add_special_tokens(SPECIAL)
    return vocabulary


def _frequent(texts: Iterable[str]) -> list[str]:
    """The most frequent characters that are neither ASCII nor space."""
    counts = Counter(character for text in texts for character in text if not character.isascii())
    others = [character for character in counts if not character.isspace()]
    return sorted(others, key=lambda character: (-counts[character], character))[:MOST_OTHERS]


def documents_of_bert(texts: Sequence[TokenIds]) -> list[TokenIds]:
    """Each text between the tokens that BERT expects around one."""
    return [[SPECIAL.index(CLS), *text, SPECIAL.index(SEP)] for text in texts]


def make_network(options: CorpusModel, n_tokens: int) -> "BertForMaskedLM":
    """A BERT with random weights."""
    declare_missing()
    from transformers import BertConfig, BertForMaskedLM

    return BertForMaskedLM(
        BertConfig(
            vocab_size=n_tokens,
            hidden_size=options.hidden_dim,
            num_hidden_layers=options.n_layers,
            num_attention_heads=options.n_heads,
            intermediate_size=options.inner_dim,
            max_position_embeddings=options.max_positions,
            hidden_dropout_prob=options.dropout,
            attention_probs_dropout_prob=options.dropout,
            pad_token_id=SPECIAL.index("[PAD]"),
        )
    )


class MaskedLanguageModelTraining(CorpusTraining):
    """A BERT's. Which tokens are masked is drawn anew in every step, and once for the held-out documents."""

    make_network = staticmethod(make_network)

    def losses(self, windows: Tensor, *numbers: int) -> Tensor:
        """-log p of each token of [batch, window] that is asked for, given all others: [how many]."""
        read, asked = masked(windows, self.n_tokens, generator(self.options.seed, *numbers))
        windows, read, asked = windows.to(self.where), read.to(self.where), asked.to(self.where)
        with devices.autocast(self.where, self.compute_dtype):
            logits = self.model(input_ids=read).logits[asked]  # (how many, n_tokens)
        return F.cross_entropy(logits.float(), windows[asked], reduction="none")


def masked(windows: Tensor, n_tokens: int, draws: torch.Generator) -> tuple[Tensor, Tensor]:
    """What is read in the place of [batch, window], and which of its tokens are asked for: at least one."""
    draw = torch.rand(windows.shape, generator=draws).masked_fill(windows < len(SPECIAL), 2.0)
    asked = draw <= torch.clamp(draw.min(), min=ASKED)
    kind = torch.rand(windows.shape, generator=draws)
    other = torch.randint(len(SPECIAL), n_tokens, windows.shape, generator=draws)
    in_place = torch.where(kind < MASKED, SPECIAL.index(MASK), other)
    read = torch.where(asked & (kind < MASKED + REPLACED), in_place, windows)
    return read, asked
