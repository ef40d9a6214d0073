"""Says what is missing where no design does, and what would do."""

from __future__ import annotations

from collections.abc import Iterator

from neurosim.machine.parts import PARTS
from neurosim.report import quantities
from neurosim.report.labels import label
from neurosim.study.design.answer import Answer
from neurosim.study.design.judge import Verdict
from neurosim.study.design.missing import Missing, Way
from neurosim.study.design.trials import Tried
from neurosim.study.hardware.summary import counted


def lacking(answer: Answer, found: Missing) -> Iterator[str]:
    """Yield what is missing, and what would do."""
    demand = answer.demand
    title = demand.silicon.title
    if found.fastest is not None and found.lacks == "rate":
        fastest = found.fastest
        yield (
            f"No design keeps the rate: {rate(demand.rate_hz)} leaves {demand.cycles:,} cycles a"
            f" step at {demand.silicon.clock_mhz:g} MHz, and the fastest that fits {title},"
            f" {named(fastest)} on {counted(fastest.lanes, 'lane')}, takes {fastest.cycles:,}:"
            f" {fastest.steps_per_second:,.0f} steps/s."
        )
    elif found.best is not None:
        yield _unreached(answer, found.best)
        if found.wanted is not None:
            yield f"{named(found.wanted)} would reach it, and lacks {_short(found.wanted)}."
    elif found.wanted is not None:
        yield f"No design fits {title}: the least of them lacks {_short(found.wanted)}."
    else:
        yield "No design could be trained. Give more --steps, or look at the data."
    if found.elsewhere is not None:
        yield _nowhere(found.elsewhere)
    elif found.wanted is None and found.larger:
        least = min(each.promised for each in found.larger)
        several = counted(len(found.larger), "larger one")
        yield f"Nor did {several} elsewhere reach it: {quantities.small(least)} at best."
    if found.ways:
        yield "What would do:"
    for way in found.ways:
        yield f"  {_way(way)}"


def _nowhere(fastest: Verdict) -> str:
    title = PARTS[fastest.part].title
    return (
        f"Nor does another part whose clock is known: the fastest, {title}, does"
        f" {fastest.steps_per_second:,.0f} steps/s."
    )


def _unreached(answer: Answer, best: Tried) -> str:
    demand = answer.demand
    said = quantities.small(demand.max_error or 0.0)
    return (
        f"No design reaches the error: the best that fits and keeps the rate has"
        f" {quantities.small(best.promised)} in the median of three seeds, and {said} is demanded"
        f" ({named(best.verdict)})."
    )


def _short(verdict: Verdict) -> str:
    fit = verdict.fit
    if verdict.lacks == "rate" or fit is None:
        return f"{verdict.lacks} (about {verdict.short:.2g} times as fast is needed)"
    taken, there = {
        "block RAMs": (fit.blocks, fit.blocks_there),
        "multipliers": (fit.multipliers, fit.multipliers_there),
        "LUTs": (fit.luts, fit.luts_there),
    }[verdict.lacks]
    return f"{verdict.lacks} ({taken:,} of {there:,})"


def _way(way: Way) -> str:
    verdict = way.verdict
    error = "" if way.error is None else f", error {quantities.small(way.error)}"
    does = f"{verdict.steps_per_second:,.0f} steps/s with {counted(verdict.lanes, 'lane')}{error}"
    if way.change == "part":
        title = PARTS[verdict.part].title
        return f"a bigger part: --part {verdict.part} ({title}: {does})"
    if way.change == "rate":
        return f"a slower rate: --rate {int(verdict.steps_per_second)}Hz ({does})"
    return f"a weaker demand: --max-error {upward(way.error or 0.0)} ({does})"


def upward(error: float) -> str:
    """Return an error with three digits that is not below it, so that asking for it will do."""
    digits = f"{error:.2e}"
    if float(digits) < error:
        mantissa, exponent = digits.split("e")
        digits = f"{float(mantissa) + 0.01:.2f}e{exponent}"
    return f"{float(digits):g}"


def rate(hertz: float) -> str:
    """Return a sample rate with its unit: ``20 kHz``."""
    for factor, unit in ((1e6, "MHz"), (1e3, "kHz")):
        if hertz >= factor:
            return f"{hertz / factor:.4g} {unit}"
    return f"{hertz:.4g} Hz"


def named(verdict: Verdict) -> str:
    """Return a design in words."""
    candidate = verdict.candidate
    return (
        f"{label(candidate.rule)} with {candidate.network}, {candidate.word_bits}-bit words and"
        f" {candidate.weight_bits}-bit weights"
    )
