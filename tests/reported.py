"""A study as a report gets it, with all that figures can draw, in numbers that can be checked."""

from __future__ import annotations

import math
from typing import Any

from neurosim.study.last_steps import LastSteps
from neurosim.study.summary import Check, Summary

RULES = ("rtrl", "trtrl")
# What a user could name things, to harm whoever opens the page or the figure.
HOSTILE = "<script>alert(1)</script>&\"'$x_1$\x1b[2J\x00]]>-->"


def row(rule: str, units: int = 25, **fields: Any) -> dict[str, Any]:
    words = units**3 if rule == "rtrl" else 2 * units**2
    products = units**4 if rule == "rtrl" else 9 * units**2
    cycles = 2 * products // units
    figures = {
        "rule": rule,
        "units": units,
        "edges": units * (units + 2),
        "outputs": 2,
        "multiplications_per_step": products,
        "stored_words": words,
        "stored_bytes": 8 * words,
        "words_sent_per_step": 5 * words,
        "cycles_per_step": cycles,
        "cycles_compute": 0.5 * cycles,
        "cycles_memory": 0.125 * cycles,
        "cycles_link": 0.25 * cycles,
        "cycles_barrier": 0.125 * cycles,
        "energy_pj_per_step": 3.5 * products,
        "steps": 4000,
        "nmse": 0.02,
        "nmse_by_seed": [0.01, 0.02, 0.04],
    }
    return {**figures, **fields}


def profile(rule: str) -> dict[str, Any]:
    """Return a profile on four tiles in a square."""
    much = 40 if rule == "rtrl" else 1
    pairs = ((0, 1), (1, 0), (0, 2), (2, 0), (1, 3), (3, 1), (2, 3), (3, 2))
    energies = {"multiply": 4.0, "add": 1.0, "stored read": 8.0, "link": 12.0}
    return {
        "traffic": {
            "names": ["t0", "t1", "t2", "t3"],
            "words": [[0 if a == b else much * (a + b) for b in range(4)] for a in range(4)],
        },
        "hops": {"0": 100 * much, "1": 300 * much, "2": 50 * much},
        "links": {
            "rows": 2,
            "cols": 2,
            "topology": "mesh",
            "flits": [[a, b, much * (10 * a + b)] for a, b in pairs],
            "cycles": 1000 * much,
        },
        "cycles": {
            "forward": {"compute": 100 * much, "lane": 0, "memory": 5, "link": 30},
            "sensitivities": {"compute": 900 * much, "lane": 200, "memory": 10, "link": 300},
        },
        "energy_pj": {
            "nm45": {part: much * pj for part, pj in energies.items()},
            "nm7": {part: much * pj / 3 for part, pj in energies.items()},
        },
        "energy_sources": {"nm45": {"multiply": "a paper, table 1"}, "nm7": {"link": "a book"}},
        "reuse": {
            "distances": [2**k for k in range(8)],
            "accesses": [10, 20, 40, 60, 40, 20, 10, 5],
            "cold": 15,
            "miss_ratio": [[2**k, 1 / (k + 1)] for k in range(8)],
        },
        "roofline": [
            {
                "level": level,
                "multiplications_per_word": products,
                "words_per_cycle": words,
                "macs_per_cycle": 25.0,
            }
            for level, products, words in (("neuron", 0.5, 75.0), ("network", 20.0, 1.0))
        ],
        "footprint": {"words": 1000, "bits": 64000, "blocks": {"ecp5-25f": 4}},
        "rent": {"exponent": 0.75, "points": [[2**k, 3 * 2 ** (0.75 * k)] for k in range(5)]},
    }


def summary(sizes: tuple[int, ...] = (25,), **fields: Any) -> Summary:
    grown = len(sizes) > 1
    given: dict[str, Any] = {
        "verb": "compare",
        "status": "done",
        "seconds": 30.0,
        "network": "fully_recurrent, 25 units",
        "task": "Mackey-Glass, tau 17",
        "clock_mhz": 100.0,
        "rows": tuple(row(rule, units) for units in sizes for rule in RULES),
        "curves": {} if grown else {rule: [1 / (n + 1) for n in range(20)] for rule in RULES},
        "slopes": {rule: {"stored_words": 2.5} for rule in RULES} if grown else {},
        "checks": (Check("words sent = words received", 2), Check("cycles", 8, ["rtrl link"])),
        "notes": ("Mind the gap.",),
        "hints": (("neurosim report x", "draws it"),),
        "versions": {"python": "3"},
        "host": {"cores": 2},
        "profiles": {rule: profile(rule) for rule in RULES},
    }
    return Summary(**{**given, **fields})


def aligned(names: tuple[str, ...] = RULES) -> Summary:
    """Return a summary of `neurosim align`."""
    rows = []
    for n, name in enumerate(names):
        value = 1.0 - 0.9 * n / len(names)
        measures = {"cosine": value, "cosine_low": value - 0.2, "cosine_high": value + 0.1}
        hidden = {f"hidden_{key}": 0.9 * found for key, found in measures.items()}
        more = {"norm_ratio": 1.5, "hidden_norm_ratio": 2.5, "left_out_steps": n}
        rows.append(row(name, **measures, **hidden, **more))
    curves = {name: [0.9 - 0.01 * k for k in range(20)] for name in names}
    return summary(verb="align", rows=tuple(rows), curves={}, profiles={}, alignment=curves)


def series() -> dict[str, LastSteps]:
    steps = tuple(range(3000, 4000))
    target = tuple(math.sin(step / 9) for step in steps)
    output = tuple(value + 0.1 for value in target)
    return {rule: LastSteps(("n0",), steps, (target,), (output,)) for rule in RULES}


def hostile() -> Summary:
    """Return a summary in which every name that a user can choose is meant to harm."""
    harmful = profile("rtrl")
    harmful["traffic"]["names"] = [HOSTILE] * 4
    harmful["cycles"] = {HOSTILE: {"compute": 5}}
    harmful["energy_pj"] = {HOSTILE: {HOSTILE: 5.0}}
    harmful["energy_sources"] = {HOSTILE: {HOSTILE: HOSTILE}}
    harmful["roofline"][0]["level"] = HOSTILE
    return summary(
        network=HOSTILE,
        task=HOSTILE,
        rows=(row(HOSTILE), row("trtrl")),
        curves={HOSTILE: [1.0, 0.5]},
        checks=(Check(HOSTILE, 2, [HOSTILE]),),
        notes=(HOSTILE,),
        versions={HOSTILE: HOSTILE},
        host={HOSTILE: HOSTILE},
        profiles={HOSTILE: harmful},
    )
