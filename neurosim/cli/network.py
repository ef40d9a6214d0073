"""What `neurosim network` does: study a network on chip by itself, under synthetic traffic."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from neurosim.errors import UserError
from neurosim.machine.description import Noc, Tiles
from neurosim.noc import characterise
from neurosim.noc.characterise import Point, Say, Study
from neurosim.noc.topology import MOST_TILES, Topology
from neurosim.noc.traffic import pattern
from neurosim.report import network as report
from neurosim.report import terminal

INTERRUPTED = 130
MOST_CHANNELS, MOST_BUFFER, LONGEST_PACKET = 64, 4096, 4096


@dataclass(frozen=True)
class Wishes:
    """What is asked for: the network, its traffic, and one load, a batch, or a curve."""

    topology: str
    size: str
    traffic: str
    rate: float | None
    batch: int | None
    packet_flits: int
    vcs: int | None
    buffer: int
    tier: str
    seed: int
    figure: Path | None


def studied(wishes: Wishes, as_json: bool) -> int:
    """Study a network as wished, and print what was found."""
    study = _study(wishes)
    if wishes.rate is not None and wishes.batch is not None:
        raise UserError(
            "--rate, --batch: a network is studied at a rate or with a batch. Give one."
        )
    curve = wishes.rate is None and wishes.batch is None
    _check_figure(wishes, curve)
    points: list[Point] = []
    code = 0
    try:
        with _progress() as say:
            for point in _points(study, wishes, say):
                points.append(point)
    except KeyboardInterrupt:
        code = INTERRUPTED
        print("neurosim: interrupted. This is what was found until then.", file=sys.stderr)
    points.sort(key=lambda point: point.offered_flits_per_node_cycle or 0.0)
    if as_json and (points or curve):
        found = [{**_context(study, wishes), **point.figures()} for point in points]
        print(json.dumps(found if curve else found[0], indent=2, allow_nan=False))
    elif points:
        shown = report.print_curve if curve else report.print_point
        shown(study, wishes.traffic, points, _hint(wishes, points), terminal.console())
    if wishes.figure and points:
        _draw(study, wishes, points, wishes.figure)
    return code


def _draw(study: Study, wishes: Wishes, points: list[Point], path: Path) -> None:
    from neurosim.report.figures.load import load  # slow to load

    picture = load(study, wishes.traffic, points)
    svg = path.suffix.lower() == ".svg"
    try:
        path.write_bytes(picture.svg().encode() if svg else picture.pdf())
    except OSError as error:
        raise UserError(f"--figure: cannot write {path} ({error.strerror}).") from None
    print(f"neurosim: written {path}", file=sys.stderr)


def _points(study: Study, wishes: Wishes, say: Say) -> Iterator[Point]:
    if wishes.rate is not None:
        yield characterise.at_rate(study, wishes.rate, say)
    elif wishes.batch is not None:
        yield characterise.of_batch(study, wishes.batch, say)
    else:
        yield from characterise.curve(study, say)


def _study(wishes: Wishes) -> Study:
    tiles = _tiles(wishes.size)
    vcs = wishes.vcs if wishes.vcs is not None else 2 if wishes.topology == "ring" else 1
    _within("--vcs", vcs, MOST_CHANNELS)
    _within("--buffer", wishes.buffer, MOST_BUFFER)
    _within("--packet-flits", wishes.packet_flits, LONGEST_PACKET)
    if wishes.seed < 0:
        raise UserError(f"--seed: must be 0 or more (got {wishes.seed}).")
    noc: Any = Noc(
        topology=wishes.topology,  # type: ignore[arg-type]
        num_vcs=vcs,
        vc_buf_size=wishes.buffer,
        max_packet_flits=max(wishes.packet_flits, 2),
    )
    try:
        Topology(noc, tiles)
    except UserError as error:
        flag = str(error).replace("topology:", "--topology:").replace("num_vcs:", "--vcs:")
        raise UserError(flag) from None
    return Study(
        noc, tiles, pattern(wishes.traffic, tiles), wishes.packet_flits, wishes.tier, wishes.seed
    )


def _tiles(size: str) -> Tiles:
    """Return the grid of a text such as 4x8, rows by columns."""
    found = re.fullmatch(r"0*(\d{1,9})[xX×]0*(\d{1,9})", size.strip())
    if not found:
        near = f" Did you mean {size}x{size}?" if size.isdecimal() else ""
        raise UserError(f"--size: must be rows x columns, such as 4x8 (got {size}).{near}")
    tiles = Tiles(int(found[1]), int(found[2]))
    most = min(MOST_TILES, characterise.MOST_STUDIED_TILES)
    if not 1 <= tiles.count <= most:
        raise UserError(f"--size: must have from 1 to {most:,} tiles, such as 32x32 (got {size}).")
    return tiles


def _within(flag: str, value: int, most: int) -> None:
    if not 1 <= value <= most:
        raise UserError(f"{flag}: must be from 1 to {most:,} (got {value:,}).")


def _check_figure(wishes: Wishes, curve: bool) -> None:
    if wishes.figure is None:
        return
    if not curve:
        raise UserError("--figure: draws latency against load. Leave out --rate and --batch.")
    if wishes.figure.suffix.lower() not in (".svg", ".pdf"):
        raise UserError(f"--figure: must end in .svg or .pdf (got {wishes.figure.name}).")
    if not wishes.figure.absolute().parent.is_dir():
        raise UserError(f"--figure: there is no folder {wishes.figure.parent}. Make it first.")


def _context(study: Study, wishes: Wishes) -> dict[str, Any]:
    """Return what a figure belongs to, by name."""
    return {
        "topology": study.noc.topology,
        "size": f"{study.tiles.rows}x{study.tiles.cols}",
        "traffic": wishes.traffic,
        "packet_flits": study.packet_flits,
        "num_vcs": study.noc.num_vcs,
        "vc_buf_size": study.noc.vc_buf_size,
        "tier": study.tier,
        "seed": study.seed,
    }


def _hint(wishes: Wishes, points: list[Point]) -> tuple[str, str]:
    """Return a command that could follow, and what it is for."""
    fixed = [f"--topology {wishes.topology} --size {wishes.size} --traffic {wishes.traffic}"]
    fixed += [f"--packet-flits {wishes.packet_flits}"] if wishes.packet_flits != 1 else []
    fixed += [f"--seed {wishes.seed}"] if wishes.seed != 1 else []
    fixed += [f"--buffer {wishes.buffer}"] if wishes.buffer != 8 else []
    again = f"neurosim network {' '.join(fixed)}"
    if wishes.rate is not None or wishes.batch is not None:
        vcs = f" --vcs {wishes.vcs}" if wishes.vcs else ""
        return (again + vcs, "latency at all loads")
    return (f"{again} --vcs {2 * (wishes.vcs or 2)}", "with more virtual channels")


@contextmanager
def _progress() -> Iterator[Say]:
    """Show on stderr what is being simulated, where somebody watches."""
    if not sys.stderr.isatty():
        yield lambda text: None
        return
    with Console(stderr=True).status("simulating") as status:
        yield lambda text: status.update(f"simulating, {text}")
