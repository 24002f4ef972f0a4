"""How ``clipseek tune`` prints what it compared and chose."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .output import count, note, print_table

if TYPE_CHECKING:
    from clipseek.relevance.tuning import TuningReport
    from clipseek.relevance.tuning_decision import Ways


def print_tables(report: TuningReport) -> None:
    """Every setting with its interval and the gain over it; then the best fusion with each wording, depth and ef_search."""
    rows = []
    for row in report.comparisons:
        low, high = row.interval
        gain, gain_interval = f"{row.gain:+.3f}", f"{row.gain_interval[0]:+.3f} to {row.gain_interval[1]:+.3f}"
        if row is report.comparisons[-1]:
            gain = gain_interval = ""
        rows.append([row.setting, f"{row.mrr:.3f}", f"{low:.3f}-{high:.3f}", gain, gain_interval])
    columns = ["setting", "MRR@10", "95 %", "gain of tuned", "95 % of the gain"]
    print_table(columns, rows, right=["MRR@10", "gain of tuned"])
    note("")
    by_option = [[name, f"{mrr:.3f}"] for name, mrr in report.by_option.items()]
    print_table(["with the best fusion", "MRR@10"], by_option)


def conclusions(report: TuningReport, index: str, *, others: bool) -> Iterator[str]:
    """What was chosen, what was not and why, a line each. ``others``: each query's own picture was excluded."""
    untried = "" if report.ef_searches else ": no other ef_search tried"
    yield f"HNSW recall@10 against exact search: {report.hnsw_recall:.3f}{untried}"
    if report.ef_searches and report.best.fusion.ef_search is None:
        yield "no other ef_search is a certain gain: not kept"
    yield f"best of {report.compared} settings over {count(report.queries, 'query', 'queries')}: {report.best}"
    if not report.all_options:
        yield f"other wordings or depths, {report.all_settings:,} settings in all, are no certain gain: not kept"
    yield _ways(report.ways)
    rival = max(report.comparisons[:-2], key=lambda row: row.mrr)  # captions or vectors alone, the plain sum, rrf
    if rival.gain_interval[0] <= 0:
        yield f"that is no certain gain over {rival.setting}: the interval of the difference holds 0"
    if rival.gain < 0:
        yield f"{rival.setting} found more here ({rival.mrr:.3f}); the tuned setting is the default of hybrids (--kind chooses)"
    if not others and report.comparisons[0].mrr >= 0.95:
        yield (
            "the captions in the index contain the words of the queries; use --others, or other words with --query-column"
        )
    if report.written:
        yield f"clipseek search --index {index} now uses it, unless its own options say otherwise"


def _ways(ways: Ways) -> str:
    """Whether every candidate's score by every clause finds more."""
    low, high = ways.gain_interval
    found = f"complete: MRR@10 {ways.complete:.3f}, not complete: {ways.not_complete:.3f}"
    verdict = (
        "complete finds more"
        if low > 0
        else "--no-complete finds more"
        if high < 0
        else "no certain difference: complete stays"
    )
    return f"{found}; {ways.gain:+.3f} (95 %: {low:+.3f} to {high:+.3f}), {verdict}"
