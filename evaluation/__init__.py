"""Ranking metrics for image-caption retrieval, in numpy alone."""

from .metrics import KS, Scores, in_batches, mean_reciprocal_rank, recall, whole_gallery
from .ranking import ranks
from .table import before_after

__all__ = ["KS", "Scores", "before_after", "in_batches", "mean_reciprocal_rank", "ranks", "recall", "whole_gallery"]
