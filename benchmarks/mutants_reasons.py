"""Why some mutants of the circuit cannot matter: each that had survived was looked at."""

from __future__ import annotations

import re

# Module, mode, port and text of the source line (patterns), and the argument.
REASONS: tuple[tuple[str, str, str, str, str], ...] = (
    ("^activation$", "", r"^(gt|procmux)\.", r"sum5",
     "values of the function end at one, half of what a word reaches: y never saturates"),
    ("^network$", "const1", r"control_send_offset\[4\]", "",
     "the one instruction that sends to the unit banks does it with offset 56, which has this bit"),
    ("^control$", "cnot0", r"^procdff\.Q\[0\]", "control_send_offset",
     "inverted where bit 3 is not set; the one instruction that sends to the unit banks sets it"),
    ("^control$", "const0", r"^or\.A\[[0-57]\]", r"factor0_chosen3 = \(factor0_gated0_masked2_to",
     "this is 64 or zero: the bit is never set"),
    ("^control$", "cnot1", r"^procmux\.A\[3\]", r"else if \(host_reads0\[2\]\)",
     "inverted where bit 12 is set, which none of the requests does that come to here"),
    ("^network$", "cnot1", r"^u_lane_2\.up\[11\]", "",
     "inverted where lane 2 sends to a place with bit 1 set; its one unit stands at another"),
)  # fmt: skip


def reason_for(module: str, mode: str, port: str, text: str) -> str:
    """Return why a mutant cannot matter; empty where there is no argument."""
    for *patterns, reason in REASONS:
        found = zip(patterns, (module, mode, port, text), strict=True)
        if all(re.search(pattern, value) for pattern, value in found):
            return reason
    return ""
