"""The table of the optimal-Kronecker slides: words and multiplications, and how they grow.

RTRL keeps n^3 words and multiplies n^4 times a step, r-OK r n^2 and r n^3, BPTT that looks T steps
back T n and T n^2. Exponents are fitted on exact counts, which are closed forms; these are held
against steps that are counted operation by operation. What BPTT keeps depends on who keeps it: one
array for all units holds the T n words of the slides, while in messages every unit has copies of
the words that it hears, which makes T n^2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import log

import numpy as np

from benchmarks.reproduction.figures import Claim, Figure, Values
from neurosim.engines.stepwise import StepwiseEngine
from neurosim.learning import BPTT, OK, RTRL
from neurosim.learning.counts import Census, Counts
from neurosim.learning.rule import Rule
from neurosim.model import Float, Network
from neurosim.model.arithmetic import Format
from neurosim.model.layout import Layout
from neurosim.study.graphs import graph_from
from neurosim.study.scenario import Scenario

SIZES = (512, 1024, 2048)  # of networks that are described and not built
ARRAY_SIZES = (32, 64, 128)
LONG = (1, 2, 4, 8)  # ranks; windows are ten times as long
COUNTED_SIZES = (4, 8, 16)
COUNTED: tuple[Rule, ...] = (RTRL(), OK(), OK(rank=2), OK(rank=4), BPTT(window=5), BPTT(window=10))
RANK, WINDOW = 4, 10
RULES: dict[str, Rule] = {"RTRL": RTRL(), "r-OK": OK(rank=RANK), "TBPTT": BPTT(window=WINDOW)}
VARIANTS: dict[str, tuple[str, Sequence[int], Callable[[int], Rule]]] = {
    "r-OK": ("r", LONG, lambda rank: OK(rank=rank)),
    "TBPTT": ("T", tuple(10 * each for each in LONG), lambda window: BPTT(window=window)),
}
OFF = 0.06  # what terms of lower order take from an exponent, or add to it, at these sizes
CLAIMED = {  # powers of n, then of r or T: of multiplications, and of words
    "RTRL": ((4, 0), (3, 0)),
    "r-OK": ((3, 1), (2, 1)),
    "TBPTT": ((2, 1), (1, 1)),
}
AGREE = "steps counted out that are as the closed forms say"


def figures() -> tuple[Figure, ...]:
    """Describe all figures of the cell."""
    found = [Figure(AGREE, "exact", Claim("all", *2 * (len(COUNTED) * len(COUNTED_SIZES),)))]
    for rule, powers in CLAIMED.items():
        letters = "n", VARIANTS[rule][0] if rule in VARIANTS else ""
        for what, power in zip(("multiplications", "words in arrays"), powers, strict=True):
            found += [
                Figure(f"{rule}: {what}, power of {letter}", "exact", _power(each))
                for letter, each in zip(letters, power, strict=True)
                if letter
            ]
        claim = None if rule == "TBPTT" else _power(powers[1][0])
        found.append(Figure(f"{rule}: words in messages, power of n", "exact", claim))
        found += [
            Figure(f"{rule}: {what} at n = {SIZES[1]}", "exact")
            for what in ("multiplications", "words in messages")
        ]
    return tuple(found)


def build() -> dict[str, Values]:
    """Count, and fit."""
    found: dict[str, Values] = {AGREE: (_agreeing(),)}
    for name, rule in RULES.items():
        counts = [rule.counted(Census.complete(n)) for n in SIZES]
        arrays = [array_words(rule, n) for n in ARRAY_SIZES]
        found |= {
            f"{name}: multiplications, power of n": (exponent(SIZES, _multiplied(counts)),),
            f"{name}: words in arrays, power of n": (exponent(ARRAY_SIZES, arrays),),
            f"{name}: words in messages, power of n": (
                exponent(SIZES, [each.stored_words for each in counts]),
            ),
            f"{name}: multiplications at n = {SIZES[1]}": (counts[1].multiplications,),
            f"{name}: words in messages at n = {SIZES[1]}": (counts[1].stored_words,),
        }
    for name, (letter, values, made) in VARIANTS.items():
        counts = [made(value).counted(Census.complete(SIZES[1])) for value in values]
        arrays = [array_words(made(value), ARRAY_SIZES[0]) for value in values]
        found |= {
            f"{name}: multiplications, power of {letter}": (exponent(values, _multiplied(counts)),),
            f"{name}: words in arrays, power of {letter}": (exponent(values, arrays),),
        }
    return found


def exponent(sizes: Sequence[int], values: Sequence[float]) -> float:
    """Return the power of the sizes with which values grow: the slope of their logarithms."""
    return float(np.polyfit(np.log(sizes), [log(value) for value in values], 1)[0])


def array_words(rule: Rule, n: int) -> int:
    """Count what the array form hands from step to step, activations left aside."""
    network = _network(n)
    layout, number = Layout(network), Float()
    weights = layout.from_network(number.encode(network.weight_vector, Format.WEIGHT))
    state = rule.init(layout, number, np.zeros(n))
    for _ in range(rule.window or 1 if isinstance(rule, BPTT) else 1):
        state = rule.step(layout, number, weights, state, np.zeros(1), np.zeros(1)).state
    return _words(state) - n


def of_times(scenario: Scenario, slopes: dict[str, dict[str, float]]) -> dict[str, Values]:
    """Return how measured time grew in a study of several sizes."""
    return {
        f"{rule}: time, power of n": (slopes[rule]["seconds_per_step"],)
        for rule in scenario.compare
    }


def times(scenario: Scenario) -> tuple[Figure, ...]:
    """Describe the figures of `of_times`."""
    return tuple(Figure(f"{rule}: time, power of n", "told") for rule in scenario.compare)


def _power(power: int) -> Claim:
    return Claim(str(power), power - OFF, power + OFF)


def _multiplied(counts: Sequence[Counts]) -> list[int]:
    return [each.multiplications for each in counts]


def _words(state: object) -> int:
    if isinstance(state, tuple):
        return sum(map(_words, state))
    return state.size if isinstance(state, np.ndarray) else 0


def _agreeing() -> int:
    return sum(_is_counted_so(rule, n) for rule in COUNTED for n in COUNTED_SIZES)


def _is_counted_so(rule: Rule, n: int) -> bool:
    network = _network(n)
    engine = StepwiseEngine(network, rule, Float())
    engine.step(np.full(1, 0.3), np.full(1, 0.1))
    return engine.counts == rule.cost(network)


def _network(n: int) -> Network:
    graph, inputs, outputs = graph_from("fully_recurrent", units=n)
    return Network(graph, inputs, outputs, seed=0)
