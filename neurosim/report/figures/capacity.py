"""How large a network may become until what its rule keeps no longer fits a device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from neurosim.report.figures import scales, style
from neurosim.report.figures.picture import Material, Picture

# How the words kept grow with the units, by the TRTRL slides.
_EXPONENTS = {"rtrl": 3, "trtrl": 2}
Point = tuple[float, float]


def capacity(material: Material) -> Picture | None:
    """Draw the bits that each rule keeps against the units, with the devices' block RAM."""
    kept: dict[str, dict[float, float]] = {}
    for row in material.summary.rows:
        if scales.drawable(row["units"]) and scales.drawable(row.get("stored_words", 0)):
            bits = row["stored_words"] * material.word_bits
            kept.setdefault(row["rule"], {}).setdefault(row["units"], bits)
    if not kept:
        return None
    found = {rule: list(points.items()) for rule, points in kept.items()}
    looks = style.rules(found)
    devices = sorted(_block_ram_bits().items(), key=lambda device: device[1])
    figure, axes = style.sheet(4.0)
    low, high = _span(list(found.values()), devices)
    for rule, look in looks.items():
        _line(axes[0], rule, sorted(found[rule]), look, 4 * high)
    most = max(devices[-1][1], *(bits for points in found.values() for _, bits in points))
    least = min(devices[0][1], *(bits for points in found.values() for _, bits in points))
    scales.logarithmic(axes[0].yaxis, [least, most])
    scales.logarithmic(axes[0].xaxis, [low, high])
    _devices(axes[0], devices)
    axes[0].set(xlabel="N, units", ylabel="bits kept from step to step")
    axes[0].grid(False, axis="y")
    handles = [style.stroke(look, style.title(rule)) for rule, look in looks.items()]
    handles += [style.stroke(_DEVICE, "block RAM of a device", marker=False)]
    handles += [style.stroke(_ONWARDS, "as the slides say", marker=False)]
    style.legend(figure, handles)
    return Picture(
        "capacity",
        "What fits a device",
        f"Bits that a rule keeps from step to step (words of {material.word_bits} bits; weights and"
        " activations come on top), and the block RAM of devices as horizontal lines: left of where"
        " a rule crosses a line, what it keeps fits that device. Markers are networks that were"
        " counted; the dotted continuation grows as the slides say: N³ for RTRL, N² for TRTRL.",
        figure,
    )


_ONWARDS = style.Look(style.QUIET, (0, (1, 1.6)))
_DEVICE = style.Look(style.QUIET, (0, (6, 3)))


def _block_ram_bits() -> dict[str, int]:
    """Return the bits of all block RAMs of each device."""
    from neurosim.machine.parts import PARTS

    return {name: part.blocks * part.block_bits for name, part in PARTS.items()}


def _span(found: Sequence[Sequence[Point]], devices: Sequence[tuple[str, float]]) -> Point:
    """Return the fewest and most units that are shown: up to where the largest device is full."""
    units = [units for points in found for units, _ in points]
    most = max(units)
    for points in found:
        last, bits = max(points)
        most = max(most, last * min(64.0, max(1.0, devices[-1][1] / bits)) ** 0.5)
    return min(units) / 1.5, min(most * 1.3, 1e100)


def _line(axes: Any, rule: str, points: list[Point], look: style.Look, most: float) -> None:
    axes.plot(
        *zip(*points, strict=True), color=look.colour, linestyle=look.line, marker=look.marker,
        clip_on=True,
    )  # fmt: skip
    exponent = _EXPONENTS.get(rule)
    units, bits = points[-1]
    if exponent and most > units:
        axes.plot(
            [units, most], [bits, bits * (most / units) ** exponent], color=look.colour,
            linestyle=_ONWARDS.line, linewidth=1.2,
        )  # fmt: skip


def _devices(axes: Any, devices: Sequence[tuple[str, float]]) -> None:
    """Draw a line for each device, with its name at the right end; near ones share one text."""
    low, high = axes.get_ylim()
    near = (high / low) ** 0.05
    groups: list[list[tuple[str, float]]] = []
    for name, bits in devices:
        axes.axhline(bits, color=_DEVICE.colour, linestyle=_DEVICE.line, linewidth=0.8, zorder=1)
        if groups and bits < near * groups[-1][0][1]:
            groups[-1].append((name, bits))
        else:
            groups.append([(name, bits)])
    for group in groups:
        middle = (group[0][1] * group[-1][1]) ** 0.5
        axes.annotate(
            ",\n".join(name for name, _ in reversed(group)), (1, middle),
            xycoords=("axes fraction", "data"), xytext=(4, 0), textcoords="offset points",
            va="center", fontsize=7.5, linespacing=1.1, annotation_clip=False,
        )  # fmt: skip
