"""What a report prints: quantities in groups, each with its unit, and how a number is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import log10
from typing import Any

Row = Mapping[str, Any]
PREFIXES = (
    (1e18, "E"),
    (1e15, "P"),
    (1e12, "T"),
    (1e9, "G"),
    (1e6, "M"),
    (1e3, "k"),
    (1, ""),
    (1e-3, "m"),
    (1e-6, "µ"),
)
MINUTE, HOUR, DAY, YEAR = 60, 3600, 86_400, 31_557_600  # in seconds
# Up to here a whole number is printed to its last digit.
EXACT_BELOW = 10_000_000
BLOCKS, BLOCKS_ASCII = "▁▂▃▄▅▆▇█", "_.-=+*%#"


def count(value: float) -> str:
    """Return a number of things: `421,875`, `390.6 M`, and `12.5` where it is an average."""
    if value >= EXACT_BELOW:
        return si(value, "").rstrip()
    return f"{value:,.0f}" if value == int(value) or value >= 100 else f"{value:,.1f}"


def si(value: float, unit: str) -> str:
    """Return a number with its unit and an SI prefix: `6.25 µs`, `1.35 MB`."""
    if value == 0:
        return f"0 {unit}"
    factor, prefix = next((p for p in PREFIXES if abs(value) >= p[0] * 0.9995), (1e-9, "n"))
    scaled = value / factor
    digits = 2 if abs(scaled) < 9.995 else 1 if abs(scaled) < 99.95 else 0
    if factor >= 1e6 and not unit:
        digits = max(digits, 1)
    return f"{scaled:.{digits}f} {prefix}{unit}"


def seconds(value: float) -> str:
    """Return a time: `6.25 µs`, `3.1 s`, `4 min 10 s`, `3 h 5 min`, `12.5 days`, `38 years`."""
    if value < 2 * MINUTE:
        return si(value, "s")
    if value < 2 * HOUR:
        return f"{int(value) // MINUTE} min {int(value) % MINUTE} s"
    if value < 2 * DAY:
        return f"{int(value) // HOUR} h {int(value) % HOUR // MINUTE} min"
    whole, name = (DAY, "days") if value < 2 * YEAR else (YEAR, "years")
    return f"{count(round(value / whole, 1))} {name}"


def size(value: float) -> str:
    """Return a size of memory: `250 B`, `1.35 MB` of a thousand thousand bytes."""
    return f"{value:,.0f} B" if value < 1000 else si(value, "B")


def energy(pj: float) -> str:
    """Return an energy that is given in pJ: `221 nJ`."""
    return si(pj * 1e-12, "J")


def share(value: float) -> str:
    """Return a part of a whole in percent."""
    return f"{100 * value:.1f} %"


def small(value: float) -> str:
    """Return a pure number with three significant digits: `0.00123`, `4.56e-05`."""
    return f"{value:.2e}" if 0 < abs(value) < 0.0001 else f"{value:.3g}"


def times(first: float, last: float) -> str:
    """Return how many times ``last`` fits into ``first``: `67.5 x`."""
    ratio = first / last
    if ratio >= 1000:
        return f"{count(round(ratio))} x"
    return f"{ratio:#.3g}".rstrip(".") + " x"


def sparkline(curve: Sequence[float], low: float, high: float, width: int, blocks: str) -> str:
    """Return a curve in ``width`` characters at most, its height the logarithm between bounds."""
    if not curve:
        return ""
    parts = [curve[n * len(curve) // width : (n + 1) * len(curve) // width] for n in range(width)]
    means = [sum(part) / len(part) for part in parts if part]
    span = log10(max(high, 1e-300)) - log10(max(low, 1e-300)) or 1.0
    heights = [(log10(max(mean, 1e-300)) - log10(max(low, 1e-300))) / span for mean in means]
    top = len(blocks) - 1
    return "".join(blocks[min(top, max(0, round(height * top)))] for height in heights)


@dataclass(frozen=True)
class Quantity:
    """A line of the report: its name, where its value comes from and how it is written.

    ``value`` returns None for a rule that has none, and a line without any value is left out.
    """

    label: str
    value: Callable[[Row], float | None]
    written: Callable[[float], str] = count
    compared: bool = True


def _field(label: str, name: str, *rest: Any) -> Quantity:
    return Quantity(label, lambda row: row.get(name), *rest)


def slides_multiplications(row: Row) -> float | None:
    """Return the slides' closed form: N^4 for RTRL and 2 K N^2 for TRTRL."""
    units, outputs = row["units"], row["outputs"]
    return {"rtrl": units**4, "trtrl": 2 * outputs * units**2}.get(row["rule"])


def slides_words(row: Row) -> float | None:
    """Return the slides' closed form: N^3 sensitivities for RTRL and N^2 for TRTRL."""
    return {"rtrl": row["units"] ** 3, "trtrl": row["units"] ** 2}.get(row["rule"])


def step_seconds(row: Row, clock_mhz: float | None) -> float | None:
    """Return the time of one step on the machine."""
    cycles = row.get("cycles_per_step")
    return cycles / (clock_mhz * 1e6) if cycles and clock_mhz else None


def _cycles(row: Row, bound: bool) -> float | None:
    """Return the cycles of a step where they are, or are not, a lower bound."""
    return row.get("cycles_per_step") if bound is ("cycles_bound_by" in row) else None


def _time(row: Row, clock_mhz: float | None, bound: bool) -> float | None:
    return step_seconds(row, clock_mhz) if bound is ("cycles_bound_by" in row) else None


def groups(clock_mhz: float | None) -> tuple[tuple[str, tuple[Quantity, ...]], ...]:
    """Return the groups of the report in order."""
    return (
        (
            "Learning",
            (
                _field("normalised error", "nmse", small),
                _field("bits per symbol", "bits_per_symbol", small),
                _field("right answers", "accuracy", share, False),
                _field("training time", "training_seconds", seconds),
            ),
        ),
        (
            "Arithmetic, each step",
            (
                _field("multiplications", "multiplications_per_step"),
                Quantity("  slides: N^4, 2 K N^2 [1]", slides_multiplications),
                _field("additions", "additions_per_step"),
                _field("activations", "activations_per_step"),
                _field("divisions", "divisions_per_step"),
                _field("random signs", "draws_per_step"),
            ),
        ),
        (
            "Memory",
            (
                _field("words kept", "stored_words"),
                Quantity("  slides: N^3, N^2 [1]", slides_words),
                _field("words in buffers", "buffer_words"),
                _field("bytes kept", "stored_bytes", size),
                _field("reads, each step", "reads_per_step"),
                _field("writes, each step", "writes_per_step"),
            ),
        ),
        (
            "Traffic, each step",
            (
                _field("words sent", "words_sent_per_step"),
                _field("words broadcast", "words_broadcast_per_step"),
                _field("hop-words", "hop_words_per_step"),
                _field("flit-hops", "flit_hops_per_step"),
                _field("flits on the busiest link", "busiest_link_flits"),
                _field("words off the chip", "spilled_words"),
                _field("bits from and to it", "dram_bits_per_step"),
                _field("local accesses", "local_access_ratio", share, False),
            ),
        ),
        (
            "Time on the machine, each step",
            (
                Quantity("cycles", lambda row: _cycles(row, bound=False)),
                Quantity("cycles, at least", lambda row: _cycles(row, bound=True)),
                _field("  for the busiest lane", "cycles_compute_bound"),
                _field("  for the busiest memory", "cycles_memory_bound"),
                _field("  for the busiest link", "cycles_link_bound"),
                _field("  for bursts in their order", "cycles_dependency_bound"),
                _field("  computing", "cycles_compute"),
                _field("  waiting for memory", "cycles_memory"),
                _field("  waiting for the link", "cycles_link"),
                _field("  waiting at the barrier", "cycles_barrier"),
                Quantity("time", lambda row: _time(row, clock_mhz, bound=False), seconds),
                Quantity("time, at least", lambda row: _time(row, clock_mhz, bound=True), seconds),
                _field("multipliers busy", "utilisation", share, False),
                _field("link busy", "link_utilisation", share, False),
                _field("energy [2]", "energy_pj_per_step", energy),
                _field("  by other tables [2]", "energy_alternate_pj_per_step", energy),
            ),
        ),
    )


def line(quantity: Quantity, rows: Sequence[Row]) -> list[str] | None:
    """Return a line of a report: label, a value for each row, their ratio; None without values."""
    values = [quantity.value(row) for row in rows]
    if all(value is None for value in values):
        return None
    cells = ["-" if value is None else quantity.written(value) for value in values]
    if len(rows) > 1:
        first, last = values[0], values[-1]
        cells.append(times(first, last) if quantity.compared and first and last else "")
    return [f"  {quantity.label}", *cells]


# What grows with the network, in the order of `neurosim.study.comparison.GROWING`.
GROWN = (
    Quantity("multiplications, each step", lambda row: row.get("multiplications_per_step")),
    Quantity("words kept", lambda row: row.get("stored_words")),
    Quantity("words sent, each step", lambda row: row.get("words_sent_per_step")),
    Quantity("hop-words, each step", lambda row: row.get("hop_words_per_step")),
    Quantity("cycles on the machine, each step", lambda row: row.get("cycles_per_step")),
    Quantity("energy, each step [2]", lambda row: row.get("energy_pj_per_step"), energy),
    Quantity(
        "training time on this computer, each step",
        lambda row: row.get("seconds_per_step"),
        seconds,
    ),
)
