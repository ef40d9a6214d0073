"""Why some mutants of the circuit cannot matter: each that had survived was looked at."""

from __future__ import annotations

import re

# Module, mode, port and text of the source line (patterns), and the argument.
REASONS: tuple[tuple[str, str, str, str, str], ...] = (
    ("^sequencer$", "cnot1", r"^add\.A\[2\]", r"taker0_slot",
     "inverted where bit 1 is set, behind the last slot that is compared with anything"),
    ("^sequencer$", "cnot1", r"^add\.Y\[25\]", r"cycles",
     "inverted where bit 12 is set: no step takes 4,096 cycles"),
    ("^lane$", "const0", r"^ne\.A\[2\]", r"narrows0_weight_over",
     "a weight and a product stay below 2^16: where bit 16 is set, so are the sign and bit 15"),
    ("^lane$", "cnot1", r"^add\.B\[2\]", r"control_send_offset",
     "inverted where bit 6 is set; the one instruction that sends does it with offset 56"),
    ("^network$", "cnot1", r"^u_sequencer\.instruction\[35\]", "",
     "inverted where an offset in the unit bank is odd, which none is"),
    ("^control$", "const0", r"^procmux\.A\[9\]", r"host_reads0\[1\]",
     "the bit is set in none of the requests"),
    ("^control$", "cnot1", r"^procmux\.Y\[1\]", r"offsets0_fresh_offset1_moved",
     "inverted where an offset of words to load is odd, which none is"),
    ("^control$", "const1", r"^logic_and\.B\[0\]", r"pace_issue",
     "the one instruction that rides waits for nothing, so that it is issued whenever it stands"),
)  # fmt: skip


def reason_for(module: str, mode: str, port: str, text: str) -> str:
    """Return why a mutant cannot matter; empty where there is no argument."""
    for *patterns, reason in REASONS:
        found = zip(patterns, (module, mode, port, text), strict=True)
        if all(re.search(pattern, value) for pattern, value in found):
            return reason
    return ""
