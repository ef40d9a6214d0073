"""Where the blocks of a placed chip lie on the part, with the slowest path drawn over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from myhdl_core.silicon.floor import HARNESS, Floorplan, Placed, Thing
from myhdl_core.silicon.placement import Placement
from myhdl_core.silicon.synthesis import of_a_lane
from neurosim.report.figures import style
from neurosim.report.figures.picture import Picture
from neurosim.study import results

NAME = "floorplan"
_PATH = "#c1121f"
_REST = "#e4e4e4"
# Blocks that are there once, dark beside the shades of the lanes.
_BLOCKS = {
    "sequencer": "#0b3c5d",
    "control": "#7a5195",
    "bus": "#000000",
    "activation": "#d55e00",
    "rotator": "#cc79a7",
    "host": "#8c8c8c",
    "axi": "#009e73",
    "network": "#5f4b1c",
    HARNESS: _REST,
}
_MARKS = {Thing.BLOCK_RAM: ("s", 46.0), Thing.MULTIPLIER: ("D", 46.0), Thing.PIN: ("v", 22.0)}
_MARGIN = 3


def keep(placement: Placement, folder: Path) -> Path:
    """Draw a placed chip into the figures of its run folder, and return the file.

    Raises
    ------
    UserError
        When it cannot be written.
    """
    path = folder / results.FIGURES / f"{NAME}.svg"
    results.place(path, floorplan(placement).svg().encode())
    return path


def floorplan(placement: Placement) -> Picture:
    """Draw a placed chip: tiles coloured by block, memories and multipliers as larger marks."""
    with style.house():
        return _drawn(placement.floorplan, placement)


def _drawn(plan: Floorplan, placement: Placement) -> Picture:
    from matplotlib.patches import Patch

    columns, rows = _window(plan)
    height = min(8.0, 1.4 + 7.0 * (rows[1] - rows[0]) / max(1, columns[1] - columns[0]))
    figure, (axes,) = style.sheet(height)
    colours = _colours(plan.blocks)
    _tiles(axes, plan, colours)
    _marks(axes, plan, colours)
    _route(axes, plan.path)
    axes.set(xlim=columns, ylim=(rows[1], rows[0]), xlabel="column", ylabel="row")
    axes.set_aspect("equal")
    axes.grid(visible=False)
    patches: list[Any] = [
        Patch(facecolor=colours[name], edgecolor=style.INK, linewidth=0.5, label=_label(name))
        for name in _named(plan.blocks)
    ]
    style.legend(figure, [*patches, *_signs(plan)])
    return Picture(NAME, "Where the blocks lie", _caption(placement), figure)


def _caption(placement: Placement) -> str:
    worst = placement.worst
    path = f" The red line is the slowest path, {worst.path.words}." if worst.path else ""
    return (
        f"{placement.part.title} as {placement.tool} placed it with seed {worst.seed}, to reach"
        f" {worst.mhz:.1f} MHz. A tile has the colour of the block that has most cells in it, paler"
        " the fewer they are; squares are block RAMs, diamonds multipliers. Lanes have shades of"
        f" blue and yellow in turn, grey is the harness that stands for the pins.{path}"
    )


def _window(plan: Floorplan) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the columns and rows in which anything but pins lies."""
    inside = [each for each in plan.placed if each.thing != Thing.PIN] or list(plan.placed)
    columns, rows = [each.column for each in inside], [each.row for each in inside]
    return (
        (min(columns) - _MARGIN, max(columns) + _MARGIN),
        (min(rows) - _MARGIN, max(rows) + _MARGIN),
    )


# --- colours ----------------------------------------------------------------------------------


def _colours(blocks: Sequence[str]) -> dict[str, str]:
    """Return a colour for each block; a lane and its table share one."""
    lanes = sorted({_number(name) for name in blocks if of_a_lane(name)})
    shades = {lane: _shade(place, len(lanes)) for place, lane in enumerate(lanes)}
    return {
        name: shades[_number(name)] if of_a_lane(name) else _BLOCKS.get(name, _REST)
        for name in blocks
    }


def _shade(place: int, lanes: int) -> str:
    """Return the colour of a lane: shades of blue and of yellow in turn, so neighbours differ."""
    from matplotlib.colors import to_hex

    along = place / max(1, lanes - 1)
    if place % 2:
        return str(to_hex((0.98 - 0.10 * along, 0.86 - 0.22 * along, 0.45 - 0.37 * along)))
    return str(to_hex((0.68 - 0.55 * along, 0.85 - 0.33 * along, 0.97 - 0.17 * along)))


def _named(blocks: Sequence[str]) -> list[str]:
    """Return the blocks of a legend: lanes in their order, then the others by size."""
    lanes = sorted((name for name in blocks if name.startswith("lane ")), key=_number)
    return [*lanes, *(name for name in blocks if not of_a_lane(name))]


def _number(name: str) -> int:
    return int(name.split()[1])


def _label(name: str) -> str:
    return {"axi": "AXI", "network": "top", "activation": "activation unit"}.get(name, name)


# --- drawing ----------------------------------------------------------------------------------


def _tiles(axes: Any, plan: Floorplan, colours: Mapping[str, str]) -> None:
    """Fill each tile with the colour of the block that has most of it."""
    from matplotlib.collections import PatchCollection
    from matplotlib.colors import to_rgba
    from matplotlib.patches import Rectangle

    tiles: dict[tuple[int, int], list[Placed]] = {}
    for each in plan.placed:
        if each.thing == Thing.LOGIC:
            tiles.setdefault((each.column, each.row), []).append(each)
    full = max((sum(each.cells for each in tile) for tile in tiles.values()), default=1)
    squares, filled = [], []
    for (column, row), tile in tiles.items():
        most = max(tile, key=lambda each: each.cells)
        share = sum(each.cells for each in tile) / full
        squares.append(Rectangle((column - 0.5, row - 0.5), 1, 1))
        filled.append(to_rgba(colours[most.block], 0.35 + 0.65 * share))
    axes.add_collection(PatchCollection(squares, facecolor=filled, edgecolor="none"))


def _marks(axes: Any, plan: Floorplan, colours: Mapping[str, str]) -> None:
    for thing, (marker, size) in _MARKS.items():
        found = [each for each in plan.placed if each.thing == thing]
        axes.scatter(
            [each.column for each in found], [each.row for each in found],
            s=size, marker=marker, c=[colours[each.block] for each in found],
            edgecolors=style.INK, linewidths=0.8, zorder=3,
        )  # fmt: skip


def _route(axes: Any, path: Sequence[tuple[int, int]]) -> None:
    if not path:
        return
    columns, rows = zip(*path, strict=True)
    axes.plot(columns, rows, color=_PATH, linewidth=1.6, zorder=4)
    axes.scatter(columns[:1], rows[:1], color=_PATH, s=26, zorder=5)
    axes.scatter(columns[-1:], rows[-1:], color=_PATH, s=44, marker="x", zorder=5)


def _signs(plan: Floorplan) -> list[Any]:
    from matplotlib.lines import Line2D

    things = {each.thing for each in plan.placed}
    signs = [
        Line2D([], [], linestyle="", marker=marker, markerfacecolor="white", label=str(thing),
               markeredgecolor=style.INK)
        for thing, (marker, _) in _MARKS.items()
        if thing in things and thing != Thing.PIN
    ]  # fmt: skip
    if plan.path:
        signs.append(Line2D([], [], color=_PATH, marker="o", label="slowest path"))
    return signs
