"""The claims of a paper, judged: `report` writes the verdicts, `judge` finds them, `verdicts` holds the rules."""

from semtok.papers.claims.report import ClaimFiles, make_claims

__all__ = ["ClaimFiles", "make_claims"]
