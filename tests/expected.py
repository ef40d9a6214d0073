"""Golden files: what is printed, held against what was printed and read before."""

import os
from pathlib import Path

GOLDEN = Path(__file__).parent / "golden"


def compared(name: str, text: str) -> None:
    """Fail unless ``text`` is what the golden file says; with GOLDEN=write, write it there."""
    path = GOLDEN / name
    if os.environ.get("GOLDEN") == "write":
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")
