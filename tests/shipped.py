"""Where the demo's shipped models lie."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TUNED = ROOT / "demo" / "data" / "tuned"
BASE = ROOT / "demo" / "data" / "base"
