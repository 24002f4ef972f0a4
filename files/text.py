"""Text that fits where it goes: a reason into a message, any string into UTF-8."""

from __future__ import annotations


def reason_of(problem: BaseException) -> str:
    """What another library's error says, on one line of at most 200 characters that fits into ours."""
    return " ".join(str(problem).split())[:200] or type(problem).__name__


def without_surrogates(text: str) -> str:
    """``text`` with question marks for lone surrogates (odd file names, broken JSON), which UTF-8 and JSON cannot carry."""
    return text.encode("utf-8", "replace").decode("utf-8")
