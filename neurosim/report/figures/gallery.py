"""All figures: drawn from plain data, what there is no data for being left out."""

from __future__ import annotations

from collections.abc import Callable

from neurosim.report.figures import (
    alignment,
    capacity,
    cycles,
    energy,
    growth,
    learning,
    locality,
    mesh,
    roofline,
    style,
    traffic,
)
from neurosim.report.figures.picture import Material, Picture

_DRAWERS: dict[str, Callable[[Material], Picture | None]] = {
    "alignment": alignment.against_cost,
    "alignment_over_time": alignment.over_time,
    "learning": learning.curves,
    "answers": learning.answers,
    "growth": growth.growth,
    "capacity": capacity.capacity,
    "traffic": traffic.matrix,
    "hops": traffic.hops,
    "links": mesh.links,
    "cycles": cycles.by_rule,
    "phases": cycles.by_phase,
    "energy": energy.split,
    "reuse": locality.reuse,
    "rent": locality.rent,
    "roofline": roofline.roofline,
}
NAMES = tuple(_DRAWERS)


def drawn(material: Material) -> list[Picture]:
    """Return every figure that there is data for, in the order of a report."""
    with style.house():
        found = [draw(material) for draw in _DRAWERS.values()]
    return laid_out([picture for picture in found if picture is not None])


def laid_out(pictures: list[Picture]) -> list[Picture]:
    """Return figures in which everything has found its place, once for all kinds of files."""
    with style.house():
        for picture in pictures:
            if layout := picture.figure.get_layout_engine():
                layout.execute(picture.figure)
            picture.figure.set_layout_engine("none")
    return pictures
