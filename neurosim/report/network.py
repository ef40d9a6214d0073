"""Prints the study of a network on chip: one load or batch as lines, or a curve as a table."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from neurosim.noc.characterise import Point, Study
from neurosim.report.terminal import as_typed, has_unicode, tidy

Hint = tuple[str, str]
BAR_WIDTH = 22


def print_point(
    study: Study, traffic: str, points: Sequence[Point], hint: Hint, out: Console
) -> None:
    """Print what a run at one load, or of a batch, showed.

    Parameters
    ----------
    study, traffic
        The network, and its traffic in words.
    points
        One point.
    hint
        A command that could follow, and its purpose.
    out
        Where it goes.
    """
    (point,) = points
    with tidy(out):
        _heading(study, traffic, out)
        table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), show_header=False)
        table.add_column(min_width=34)
        table.add_column(justify="right")
        for label, value in _lines(point):
            if value is not None:
                table.add_row(f"  {label}" if label else "", value)
        out.print(table)
        _closing(hint, out)


def print_curve(
    study: Study, traffic: str, points: Sequence[Point], hint: Hint, out: Console
) -> None:
    """Print latency against load, of points of rising load; see `print_point`."""
    with tidy(out):
        _heading(study, traffic, out)
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        for name in ("offered", "accepted", "latency", "min", "max"):
            table.add_column(name, justify="right", no_wrap=True)
        table.add_column("latency in cycles", no_wrap=True)
        stable = [p.avg_packet_latency or 0.0 for p in points if not p.saturated]
        for point in points:
            table.add_row(*_row(point, max(stable, default=1.0), _block(out)))
        out.print(table)
        out.print("\nLoads are flits per node and cycle.", style="dim")
        out.print(Text.assemble(("saturates", "dim"), f"  {_saturation(points)}"))
        _closing(hint, out)


def _heading(study: Study, traffic: str, out: Console) -> None:
    noc, tiles = study.noc, study.tiles
    name = f"{noc.topology} {tiles.rows}x{tiles.cols}"
    flits = f"{study.packet_flits} flit{'s' * (study.packet_flits != 1)}"
    out.print(Text.assemble((name, "bold"), f": {traffic} traffic, packets of {flits}"))
    channels = f"{noc.num_vcs} virtual channel{'s' * (noc.num_vcs != 1)}"
    buffers = f"with buffers of {noc.vc_buf_size} flits"
    out.print(f"{channels} {buffers}, {study.tier} tier, seed {study.seed}\n", style="dim")


def _lines(point: Point) -> list[tuple[str, str | None]]:
    return [
        ("offered, flits/node/cycle", _load(point.offered_flits_per_node_cycle)),
        ("accepted, flits/node/cycle", _load(point.accepted_flits_per_node_cycle)),
        ("bound of links and ports", _load(point.bound_flits_per_node_cycle)),
        ("mean packet latency, cycles", _cycles(point.avg_packet_latency)),
        ("  in an empty network", _cycles(point.zero_load_latency)),
        ("  smallest", _whole(point.min_packet_latency)),
        ("  largest", _whole(point.max_packet_latency)),
        ("cycles to the last arrival", _whole(point.completion_cycles)),
        ("mean hops", None if point.avg_hops is None else f"{point.avg_hops:.2f}"),
        ("flits on the busiest link, a cycle", _load(point.busiest_link_flits_per_cycle)),
        ("packets", _whole(point.packets)),
        ("flits", _whole(point.flits)),
        ("saturated", {None: None, True: "yes", False: "no"}[point.saturated]),
    ]


def _row(point: Point, longest: float, block: str) -> list[str]:
    latency = point.avg_packet_latency or 0.0
    bar = block * max(1, round(BAR_WIDTH * min(latency / longest, 1.0)))
    return [
        _load(point.offered_flits_per_node_cycle) or "",
        _load(point.accepted_flits_per_node_cycle) or "",
        _cycles(point.avg_packet_latency) or "-",
        _whole(point.min_packet_latency) or "-",
        _whole(point.max_packet_latency) or "-",
        "saturated" if point.saturated else bar,
    ]


def _saturation(rising: Sequence[Point]) -> str:
    """Say between which loads the network saturates."""
    borne = [p.offered_flits_per_node_cycle or 0.0 for p in rising if not p.saturated]
    beyond = [p.offered_flits_per_node_cycle or 0.0 for p in rising if p.saturated]
    most = max(rising, key=lambda point: point.flits)
    bound = f"(links and ports allow {most.bound_flits_per_node_cycle:.3f})"
    if not beyond:
        return f"not up to {max(borne, default=0.0):.3f} {bound}"
    return f"between {max(borne, default=0.0):.3f} and {min(beyond):.3f} {bound}"


def _load(value: float | None) -> str | None:
    return None if value is None else f"{value:.4f}"


def _cycles(value: float | None) -> str | None:
    return None if value is None else f"{value:,.1f}"


def _whole(value: int | None) -> str | None:
    return None if value is None else f"{value:,}"


def _block(out: Console) -> str:
    return "▇" if has_unicode(out) else "#"


def _closing(hint: Hint, out: Console) -> None:
    command, purpose = hint
    out.print()
    out.print(Text.assemble(("next     ", "dim"), (as_typed(command), "bold")), soft_wrap=True)
    out.print(f"{'':9}{purpose}")
