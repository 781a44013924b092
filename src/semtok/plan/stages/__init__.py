"""What the jobs of the stages before the papers read: files, options and code, a module for the rules of each stage.

Functions of `wildcards` are a rule's inputs and params as they stand.
"""

from semtok.plan.stages.common import ordered
from semtok.plan.stages.data import DataJobs
from semtok.plan.stages.recommenders import RecommenderJobs
from semtok.plan.stages.scorers import ScorerJobs
from semtok.plan.stages.tokenizers import TokenizerJobs

__all__ = ["Stages", "ordered"]


class Stages(DataJobs, TokenizerJobs, ScorerJobs, RecommenderJobs):
    """The jobs of one config."""
