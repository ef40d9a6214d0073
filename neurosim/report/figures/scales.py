"""Scales of axes and shades: logarithmic and linear ones, with labels that can be read."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from neurosim.report import quantities

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Dark for much, pale for little, and its lightness falls all the way: it can be read in grey.
SHADES = "YlGnBu"
LEAST, MOST = 1e-30, 1e30  # of what is drawn on a logarithmic axis: beyond, nothing is measured
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def amount(value: float, _: object = None) -> str:
    """Return a number of things for an axis: `250`, `10 k`, `2.5 M`."""
    if value >= 1e15 or 0 < abs(value) < 1e-3:
        return power(value)
    if abs(value) < 1000:
        return f"{value:.3g}"
    factor, prefix = next(p for p in quantities.PREFIXES if abs(value) >= p[0] * 0.9995)
    return f"{value / factor:.3g} {prefix}"


def power(value: float, _: object = None) -> str:
    """Return a number for an axis as a power of ten: `10⁻³`, `2·10⁻³`, and plainly about 1."""
    if value <= 0 or not math.isfinite(value):
        return f"{value:g}"
    if 0.01 <= value < 1000:
        return f"{value:g}"
    exponent = math.floor(math.log10(value) + 1e-9)
    mantissa = value / 10.0**exponent
    ten = "10" + str(exponent).translate(_SUPERSCRIPTS)
    return ten if abs(mantissa - 1) < 1e-6 else f"{mantissa:.3g}·{ten}"


def raised(exponent: int) -> str:
    """Return an exponent as raised digits: `²`."""
    return str(exponent).translate(_SUPERSCRIPTS)


def steps(axis: Any) -> None:
    """Label an axis of steps, whole and to the last digit: near ones differ in that."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis.set_major_locator(MaxNLocator(6, integer=True))
    axis.set_major_formatter(FuncFormatter(lambda step, _: f"{step:,.0f}"))


def linear(axis: Any, whole: bool = False) -> None:
    """Label a linear axis with amounts; ``whole`` for things that have no halves."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis.set_major_locator(MaxNLocator(12 if whole else 5, integer=whole))
    axis.set_major_formatter(FuncFormatter(amount))


def drawable(value: float) -> bool:
    """Say whether a value has a place on a logarithmic axis."""
    return LEAST < value < MOST


def logarithmic(axis: Any, values: Iterable[float], written: Any = amount) -> None:
    """Make an axis logarithmic around ``values``, with a few labels however few decades it has."""
    from matplotlib.ticker import FuncFormatter, NullFormatter, NullLocator

    shown = [value for value in values if drawable(value)]
    low, high = min(shown, default=1.0), max(shown, default=10.0)
    decades = math.log10(high / low)
    room = 10 ** (0.06 * max(decades, 0.5))
    getattr(axis.axes, f"set_{axis.axis_name}scale")("log")
    getattr(axis.axes, f"set_{axis.axis_name}lim")(low / room, high * room)
    axis.set_major_locator(_decades(decades))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())
    axis.set_major_formatter(FuncFormatter(written))


def _decades(decades: float) -> Any:
    """Return what finds the ticks of a logarithmic axis of that many decades."""
    from matplotlib.ticker import LogLocator

    subs = (1.0,) if decades > 2.4 else (1.0, 3.0) if decades > 1.6 else (1.0, 2.0, 5.0)
    return LogLocator(10, subs=subs, numticks=8)


def sizes(axes: Axes, units: Iterable[float]) -> None:
    """Make the x axis one of numbers of units, logarithmic, with a tick at those there are."""
    from matplotlib.ticker import FixedLocator

    distinct = sorted(set(units))
    logarithmic(axes.xaxis, distinct)
    kept: list[float] = []
    for size in reversed(distinct):  # those that would touch their neighbour's label are left out
        if not kept or math.log(kept[-1] / size) > 0.09 * math.log(distinct[-1] / distinct[0]):
            kept.append(size)
    axes.xaxis.set_major_locator(FixedLocator(kept))
    axes.set_xlabel("N, units")


def shade(values: Iterable[float]) -> tuple[Any, Any]:
    """Return a logarithmic scale around ``values`` and its shades, none of them white."""
    import matplotlib
    from matplotlib.colors import LinearSegmentedColormap, LogNorm

    shown = [value for value in values if drawable(value)]
    low, high = min(shown, default=1.0), max(shown, default=1.0)
    if high < 1.01 * low:  # one value, which is as much as there is
        low = high / 10
    every = matplotlib.colormaps[SHADES]
    pale = [every(0.18 + 0.82 * n / 255) for n in range(256)]
    return LogNorm(low, high), LinearSegmentedColormap.from_list("house", pale)


def colour_bar(bar: Any, label: str) -> None:
    """Label a colour bar of a logarithmic scale."""
    from matplotlib.ticker import FuncFormatter, NullLocator

    decades = math.log10(bar.vmax / bar.vmin)
    bar.ax.yaxis.set_major_locator(_decades(decades))
    bar.ax.yaxis.set_minor_locator(NullLocator())
    bar.ax.yaxis.set_major_formatter(FuncFormatter(amount))
    bar.outline.set_visible(False)
    bar.set_label(label)
