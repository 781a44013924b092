"""Tiny language models and items with attributes for them."""

import numpy as np
import pandas as pd

from semtok.config.data import Attributes
from semtok.config.language_encoders import DenseTokenizerEncoder, LanguageStatesEncoder
from semtok.config.language_models import CorpusModel
from semtok.encoders.corpus_bert import word_piece
from semtok.encoders.corpus_language_model import byte_level_bpe
from semtok.encoders.language_models import LanguageModel, MaskedLanguageModel
from semtok.torchvision_operators import declare_missing

ATTRIBUTES = Attributes(content=["title", "abstract"], generated=["category"])
THEMES = {"sport": "ball goal team cup", "food": "bread salt soup egg", "music": "song drum horn choir"}

CORPUS = {
    **{"source": "corpus", "vocabulary": 320, "n_layers": 1, "n_heads": 2, "hidden_dim": 16, "inner_dim": 32},
    **{"max_positions": 64, "dropout": 0.1, "window": 24, "batch_size": 8, "learning_rate": 0.01, "warmup": 0.1},
    **{"epochs": 4, "patience": 0, "held_out": 0.1, "seed": 0},
}
DENSE = {
    **{"method": "dense-tokenizer", "language_model": "opt", "dense_tokens": 2, "max_tokens": 12, "lora_rank": 4},
    **{"lora_alpha": 8, "lora_dropout": 0.1, "learning_rate": 0.01, "batch_size": 16, "epochs": 2, "patience": 0},
    **{"held_out": 0.1, "seed": 0},
}
STATES = {
    "method": "language-states",
    "language_model": "opt",
    "state": "last",
    "standardize": False,
    "max_tokens": 12,
    "batch_size": 7,
}


def corpus_options(**changed):
    return CorpusModel(**{**CORPUS, **changed})


def dense_options(**changed):
    return DenseTokenizerEncoder(**{**DENSE, **changed})


def states_options(**changed):
    return LanguageStatesEncoder(**{**STATES, **changed})


def items(n_items=60):
    """Titles of two words of a theme, an abstract of one for two items of three, the theme as category.

    Item 5 has a category alone, item 6 nothing.
    """
    random = np.random.default_rng(0)
    names = random.choice(list(THEMES), size=n_items)
    frame = pd.DataFrame(
        {
            "title": [" ".join(random.choice(THEMES[name].split(), size=2)) for name in names],
            "abstract": [f"a {random.choice(THEMES[name].split())}" for name in names],
            "category": names,
        },
        dtype="string",
    )
    frame.loc[frame.index % 3 == 0, "abstract"] = pd.NA
    frame.loc[[5, 6], ["title", "abstract"]] = pd.NA
    frame.loc[6, "category"] = pd.NA
    return frame


def untrained(frame, **changed):
    """An OPT of random weights; as it comes with blocks like opt-350m's, whose words are narrower than its states."""
    declare_missing()
    import torch
    from transformers import OPTConfig, OPTForCausalLM

    vocabulary = byte_level_bpe(frame, 320)
    size = {"num_hidden_layers": 2, "num_attention_heads": 4, "ffn_dim": 48, "max_position_embeddings": 64}
    shape = {"hidden_size": 32, "word_embed_proj_dim": 16, "do_layer_norm_before": False, "dropout": 0.0}
    config = OPTConfig(vocab_size=vocabulary.get_vocab_size(), **{**size, **shape, **changed})
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = OPTForCausalLM(config)
        # As they come they are so small that the output hardly depends on the input.
        for weight in network.parameters():
            if weight.ndim > 1:
                torch.nn.init.normal_(weight, std=0.2)
    return LanguageModel(network.eval(), vocabulary)


def untrained_bert(frame, **changed):
    """A BERT of random weights."""
    declare_missing()
    import torch
    from transformers import BertConfig, BertForMaskedLM

    vocabulary = word_piece(frame, 320)
    size = {"num_hidden_layers": 2, "num_attention_heads": 4, "hidden_size": 32, "intermediate_size": 48}
    rest = {"max_position_embeddings": 96, "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    config = BertConfig(vocab_size=vocabulary.get_vocab_size(), **{**size, **rest, **changed})
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = BertForMaskedLM(config)
        for weight in network.parameters():
            if weight.ndim > 1:
                torch.nn.init.normal_(weight, std=0.2)
    return MaskedLanguageModel(network.eval(), vocabulary)
