"""The claims of a paper, judged: `report` writes the verdicts, `judge` finds them, `verdicts` holds the rules."""

from semtok.papers.claims.make import make_claims

__all__ = ["make_claims"]
