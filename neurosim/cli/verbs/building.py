"""Verbs about what a network runs on: its chip, and networks on chip."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from neurosim.cli.flags import ChipFlags, Decimal, Whole, by, file
from neurosim.cli.verbs.fields import (
    OUTPUT,
    SILICON,
    HardwareFields,
    Json,
    Out,
    ShortData,
    Switch,
    Used,
    app,
)
from neurosim.study.scenario import RUNS


@app.command(usage="Usage: neurosim hardware NAME [FLAGS]", sort_key=6)
def hardware(
    name: str,
    /,
    *,
    short: ShortData = None,
    lanes: Annotated[Whole | None, Used] = None,
    check: Annotated[bool, Switch] = False,
    steps: Annotated[Whole | None, Used] = None,
    waveforms: Annotated[bool, Switch] = False,
    part: Annotated[str | None, Used] = None,
    tools: Annotated[ChipFlags | None, Parameter(name="*", group=SILICON)] = None,
    flags: HardwareFields = None,
    out: Out = RUNS,
    json: Json = False,
) -> int:
    """Write a scenario's network and rule as a chip in Verilog, and check it.

    Parameters
    ----------
    name
        Scenario, topology or graph: a name or a file.
    lanes
        Multipliers that share the neurons; 8, or one a unit where there are fewer.
    check
        Simulate the Verilog and compare all its words and cycles with the model.
    steps
        Steps of the task that are compared (300).
    waveforms
        Record the chip's first steps for GTKWave.
    part
        Refuse what cannot fit: ecp5-25f, ecp5-85f, ice40-up5k, gw2a-18 and others.
    out
        Folder that the run folder is made in.
    json
        Print figures as JSON.
    """
    from neurosim.cli import hardware as chips

    wishes = chips.Wishes(lanes, check, steps, waveforms, part, tools or ChipFlags())
    return chips.asked(name, flags, short, wishes, out, json)


@app.command(usage="Usage: neurosim network [FLAGS]", sort_key=9)
def network(
    *,
    topology: Annotated[str, Used] = "mesh",
    size: Annotated[str, Used] = "4x4",
    traffic: Annotated[str, Used] = "uniform",
    rate: Annotated[Decimal | None, Used] = None,
    batch: Annotated[Whole | None, Used] = None,
    packet_flits: Annotated[Whole, Used] = 1,
    vcs: Annotated[Whole | None, Used] = None,
    buffer: Annotated[Whole, Used] = 8,
    tier: Annotated[str, Used] = "cycle",
    seed: Annotated[Whole, Used] = 1,
    figure: Annotated[Path | None, by(file), Parameter(group=OUTPUT)] = None,
    json: Json = False,
) -> int:
    """Measure a network on chip by itself: latency against load, or a batch's time.

    Parameters
    ----------
    topology
        mesh, ring, crossbar or bus.
    size
        Rows x columns of its tiles.
    traffic
        uniform, neighbor, transpose, hotspot:NODE or all-to-all.
    rate
        Load, flits per node and cycle; the whole curve where left out.
    batch
        Packets that every node sends as fast as it can (all-to-all: for every pair).
    packet_flits
        Flits of a packet.
    vcs
        Virtual channels of a link; 1, in a ring 2.
    buffer
        Flits that the buffer of a virtual channel holds.
    tier
        cycle simulates each flit, burst moves packets as a whole.
    seed
        Of the random traffic.
    figure
        Draw the curve into this file (.svg, .pdf).
    json
        Print figures as JSON.
    """
    from neurosim.cli import network as networks

    wishes = networks.Wishes(
        topology, size, traffic, rate, batch, packet_flits, vcs, buffer, tier, seed, figure
    )
    return networks.studied(wishes, json)
