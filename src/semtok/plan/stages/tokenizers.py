"""What the jobs of the tokenizers' stage read."""

from collections import Counter
from typing import Any

from semtok.config.tokenizers import ExternalTokenizer, encoders_of
from semtok.plan.stages.common import Jobs, Wildcards


class TokenizerJobs(Jobs):
    """Those of workflow/rules/tokenizers.smk."""

    def item_vectors(self, wildcards: Wildcards) -> list[str]:
        """The vectors that a tokenizer reads, one file a view; none for one that does without."""
        views = encoders_of(self.options("tokenizers", wildcards.tokenizer))
        return [self.vectors(wildcards.dataset, encoder, wildcards.seed) for encoder in views.values()]

    def vectors_to_diagnose(self, wildcards: Wildcards) -> str | list[str]:
        """The space in which neighbours are sought: the tokenizer's own, or that of most others; else, or where a
        dataset has no texts for the others to read, nothing."""
        encoder = _space(self.options("tokenizers", wildcards.tokenizer))
        if encoder is None and self.config.datasets[wildcards.dataset].text_fields:
            spaces = Counter(found for entry in self.entries["tokenizers"].values() if (found := _space(entry)))
            # By number and name: no order of the config's keys decides.
            encoder = min(spaces, key=lambda name: (-spaces[name], name), default=None)
        return [] if encoder is None else self.vectors(wildcards.dataset, encoder, wildcards.seed)

    def vectors_of_texts(self, wildcards: Wildcards) -> str | list[str]:
        """The text vectors that rank by content without training; nothing for a dataset without texts."""
        encoder, fields = self.config.untrained.encoder, self.config.datasets[wildcards.dataset].text_fields
        return (
            f"{self.paths.vectors}.npy".format(dataset=wildcards.dataset, encoder=encoder) if encoder and fields else []
        )

    def brought_codes(self, wildcards: Wildcards) -> str | list[str]:
        """The file of codes that a user brings; nothing for the other tokenizers."""
        tokenizer = self.tokenizer(wildcards.tokenizer)
        if not isinstance(tokenizer, ExternalTokenizer):
            return []
        return tokenizer.path if tokenizer.below == "here" else f"{self.config.mirror}/{tokenizer.path}"


def _space(options: dict[str, Any]) -> str | None:
    """The encoder in whose space a tokenizer is diagnosed: the text's, where there is one."""
    views = encoders_of(options)
    return views.get("encoder") or views.get("text") or next(iter(views.values()), None)
