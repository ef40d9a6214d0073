"""Networks on chip: both tiers' errors against BookSim2, batches, and how fast they are.

`python benchmarks/noc.py` prints the tables of `docs/noc.md`; it takes some minutes.
"""

from __future__ import annotations

import csv
import time
from collections import defaultdict
from pathlib import Path

import numpy as np

from neurosim.machine.description import Noc, Tiles
from neurosim.noc.arbiter import Clock
from neurosim.noc.burst import BurstNetwork
from neurosim.noc.characterise import TIERS, Study, at_rate, of_batch, play
from neurosim.noc.packets import Train
from neurosim.noc.traffic import batch, pattern

DATA = Path(__file__).parent.parent / "tests" / "data" / "booksim_4x4.csv"
TILES = Tiles(4, 4)
BATCHES = {
    ("neighbor", 100): (929, 830),
    ("transpose", 100): (2721, 2422),
    ("hotspot:5", 10): (1445, 1286),
    ("all-to-all", 1): (242, 190),
    ("uniform", 100): (1815, 1197),
}


def curves() -> dict[tuple[str, int, int], dict[float, float]]:
    """Return BookSim's mean latency by case and load; nan where it gave up."""
    runs = defaultdict(list)
    with DATA.open() as file:
        for row in csv.DictReader(file):
            traffic = row["traffic"].replace("({5})", ":5")
            case = traffic, int(row["packet_flits"]), int(row["num_vcs"])
            latency = row["avg_packet_latency"] if row["stable"] == "1" else "nan"
            runs[case, float(row["offered_flits_per_node_cycle"])].append(float(latency))
    found: dict[tuple[str, int, int], dict[float, float]] = defaultdict(dict)
    for (case, load), latencies in runs.items():
        found[case][load] = float(np.mean(latencies))
    return found


def latencies() -> None:
    """Print each curve's errors up to 70 % of saturation."""
    print(f"{'latency':12}{'flits':>6}{'VCs':>5}{'saturates':>11}", end="")
    print("".join(f"{f'{tier} mean':>12}{'max':>8}" for tier in TIERS))
    for (traffic, flits, vcs), curve in curves().items():
        saturation = max(load for load, latency in curve.items() if latency == latency)
        line = f"{traffic:12}{flits:6}{vcs:5}{saturation:11.2f}"
        for tier in TIERS:
            study = Study(Noc(num_vcs=vcs), TILES, pattern(traffic, TILES), flits, tier)
            loads = [load for load in curve if load <= 0.7 * saturation]
            found = [at_rate(study, load).avg_packet_latency or 0.0 for load in loads]
            errors = [abs(f / curve[load] - 1) for f, load in zip(found, loads, strict=True)]
            line += f"{100 * np.mean(errors):10.2f} %{100 * max(errors):6.1f} %"
        print(line, flush=True)


def batches() -> None:
    """Print cycles of batches of 8-flit packets, BookSim's first."""
    print(f"\n{'batch':12}{'VCs':>5}{'BookSim2':>10}" + "".join(f"{tier:>10}" for tier in TIERS))
    for (traffic, size), expected in BATCHES.items():
        for vcs, cycles in zip((1, 4), expected, strict=True):
            line = f"{traffic:12}{vcs:5}{cycles:10}"
            for tier in TIERS:
                seeds = range(20 if traffic == "uniform" else 1)
                noc, who = Noc(num_vcs=vcs), pattern(traffic, TILES)
                found = [of_batch(Study(noc, TILES, who, 8, tier, s), size) for s in seeds]
                line += f"{np.mean([point.completion_cycles or 0 for point in found]):10.0f}"
            print(line, flush=True)


def speeds() -> None:
    """Print flits a second of the cycle tier, and hops a second of the burst tier."""
    study = Study(Noc(num_vcs=4), Tiles(8, 8), pattern("uniform", Tiles(8, 8)), 8)
    traffic = batch(study.traffic, 1000, np.random.default_rng(1))
    play(study, traffic)  # compiles
    start = time.process_time()
    play(study, traffic)
    rate = 8 * len(traffic.source) / (time.process_time() - start)
    print(f"\ncycle tier, 8x8 mesh, 4 VCs: {rate / 1e6:.2f} M flits/s")
    tiles = Tiles(7, 8)
    ends = batch(pattern("uniform", tiles), 16_000 // tiles.count, np.random.default_rng(1))
    clock = Clock()
    network = BurstNetwork(clock, Noc(), tiles, lambda tag: None)
    start = time.process_time()
    for tag, (a, b) in enumerate(zip(ends.source.tolist(), ends.destination.tolist(), strict=True)):
        network.send(tag, a, b, Train(1, 10))
    clock.play()
    seconds = time.process_time() - start
    hops = network.flit_hops / 10 + len(ends.source)
    print(
        f"burst tier, {len(ends.source):,} messages: {seconds:.3f} s, {hops / seconds:,.0f} hops/s"
    )


if __name__ == "__main__":
    latencies()
    batches()
    speeds()
