"""Ranking metrics for image-caption retrieval, in numpy alone."""

from .errors import BadVectors, EvaluationError, TooFewPairs
from .judgments import Judgments
from .metrics import KS, Scores, in_batches, mean_reciprocal_rank, recall, whole_gallery
from .ranking import rank, ranks
from .report import Report, evaluate
from .table import before_after, report_table

__all__ = [
    "KS",
    "BadVectors",
    "EvaluationError",
    "Judgments",
    "Report",
    "Scores",
    "TooFewPairs",
    "before_after",
    "evaluate",
    "in_batches",
    "mean_reciprocal_rank",
    "rank",
    "ranks",
    "recall",
    "report_table",
    "whole_gallery",
]
