"""Latency of a network on chip against its load, up to where it saturates."""

from __future__ import annotations

from collections.abc import Sequence

from neurosim.noc.characterise import Point, Study
from neurosim.report.figures import style
from neurosim.report.figures.picture import Picture

CEILING = 5.0
"""How many times the latency of an empty network the figure shows."""


def load(study: Study, traffic: str, points: Sequence[Point]) -> Picture:
    """Draw mean latency against offered load.

    Parameters
    ----------
    study, traffic
        The network, and its traffic in words.
    points
        Points of the curve in any order, at least one.
    """
    noc, tiles = study.noc, study.tiles
    curve = sorted((point.offered_flits_per_node_cycle or 0.0, point) for point in points)
    borne = [(rate, p.avg_packet_latency or 0.0) for rate, p in curve if not p.saturated]
    beyond = [rate for rate, point in curve if point.saturated]
    most = max(points, key=lambda point: point.flits)
    bound, empty = most.bound_flits_per_node_cycle, most.zero_load_latency or 1.0
    right = 1.05 * max(bound, *(rate for rate, _ in curve))
    figure, (axes,) = style.sheet(3.8)
    axes.plot(*zip(*borne, strict=True), "o-", color=style.INK, markersize=4, label="mean latency")
    axes.axhline(empty, color=style.QUIET, linestyle=":", label="in an empty network")
    axes.axvline(bound, color=style.QUIET, linestyle="--", label="links and ports allow")
    if beyond:
        axes.axvspan(min(beyond), right, color=style.GRID, label="saturated")
    axes.set_xlim(0, right)
    axes.set_ylim(0, CEILING * empty)
    axes.set_xlabel("offered load, flits per node and cycle")
    axes.set_ylabel("packet latency, cycles")
    axes.set_title(
        f"{noc.topology} {tiles.rows}x{tiles.cols}, {traffic}, packets of {study.packet_flits},"
        f" {noc.num_vcs} VC, {study.tier} tier"
    )
    axes.legend(loc="upper left")
    return Picture(
        "load",
        "Latency against load",
        "Mean latency of a packet, from its creation to its last flit's exit, against the load"
        " that all nodes offer. The dashed line is the load at which a link or a port is busy in"
        " every cycle.",
        figure,
    )
