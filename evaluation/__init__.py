"""Ranking metrics for image-caption retrieval, in numpy alone."""

from .errors import BadVectors, EvaluationError, TooFewPairs
from .judgments import Judgments
from .metrics import KS, Scores, in_batches, mean_reciprocal_rank, recall, whole_gallery
from .ranked import RankedPairs, rank_pairs
from .ranking import rank
from .reports.comparison import Change, compare
from .reports.report import Report, evaluate, report_of
from .reports.table import before_after, comparison_table, report_table

__all__ = [
    "KS",
    "BadVectors",
    "Change",
    "EvaluationError",
    "Judgments",
    "RankedPairs",
    "Report",
    "Scores",
    "TooFewPairs",
    "before_after",
    "compare",
    "comparison_table",
    "evaluate",
    "in_batches",
    "mean_reciprocal_rank",
    "rank",
    "rank_pairs",
    "recall",
    "report_of",
    "report_table",
    "whole_gallery",
]
