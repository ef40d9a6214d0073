"""Memories of a machine: ports, widths and banks, what fits, and what lies off the chip."""

from dataclasses import replace

import networkx as nx
import pytest

from neurosim.engines import simulated_step
from neurosim.engines.clock.dram import DramChannel
from neurosim.engines.clock.homes import Run, settle
from neurosim.engines.clock.timing import accesses
from neurosim.errors import UserError
from neurosim.learning import RTRL, TRTRL
from neurosim.machine import Dram, MemoryBank, Tiles, load
from neurosim.model import Fixed, Float, Network
from neurosim.noc.arbiter import Clock
from tests.networks import dense_network

ALL = ("weight", "stored", "activation", "buffer", "inbox")
DDR = Dram(tCK_ns=1.0, nCL=11, nRCD=7, nRP=5, n_banks=2, nBL=4, channel_width=16, row_bits=1024)


def test_a_wide_port_moves_several_words_and_a_narrow_one_parts() -> None:
    wide, narrow = (MemoryBank("m", ALL, width_bits=bits) for bits in (64, 18))
    assert accesses(MemoryBank("m", ALL), 10, 32) == 10
    assert accesses(wide, 10, 16) == 3  # four words at once
    assert accesses(narrow, 10, 32) == 18  # 320 bits, 18 at a time


def test_a_width_shortens_what_ports_hold_up() -> None:
    bus, network = load("bus"), dense_network(12)
    banks = {
        bits: tuple(replace(bank, width_bits=bits) for bank in bus.memory) for bits in (16, 64)
    }
    stalls = {
        bits: simulated_step(network, TRTRL(), replace(bus, memory=kept), Fixed())[0].mean("memory")
        for bits, kept in banks.items()
    }
    assert stalls[64] < stalls[16]


def test_banks_of_a_shared_memory_are_used_side_by_side() -> None:
    lanes, network = load("lanes"), dense_network(12)
    shared = lanes.memory[0]
    steps = {
        n: simulated_step(
            network,
            TRTRL(),
            replace(lanes, memory=(replace(shared, n_banks=n), *lanes.memory[1:])),
            Float(),
        )[0]
        for n in (1, 4)
    }
    assert steps[4].memory_bound < steps[1].memory_bound
    assert steps[4].cycles < steps[1].cycles
    assert steps[4].banks["sensitivities"].reads == steps[1].banks["sensitivities"].reads


def homes(depth: int, width: int | None, scope: str = "neuron", n_banks: int = 1, dram=DDR):
    network = Network(nx.DiGraph([("x", "a"), ("a", "b"), ("b", "a")]), ["x"], ["b"])
    bank = MemoryBank("m", ALL, scope, depth=depth, width_bits=width, n_banks=n_banks)  # type: ignore[arg-type]
    machine = replace(load("mesh"), memory=(bank,), dram=dram, tiles=Tiles(1, 2))
    memories = [(n, TRTRL().described(n, network)) for n in network.neurons]
    return settle(memories, machine, Fixed(), [0, 1, 0]), dict(memories[0][1])


def test_what_does_not_fit_lies_in_the_dram() -> None:
    """Memories are laid down in their order until one does not fit; smaller ones after it may."""
    roomy, memories = homes(1000, None)
    assert roomy.spilled_words == 0
    tight, _ = homes(5, None)
    spilled = [name for name, home in tight.of[0].items() if home.address is not None]
    taken = 0
    for memory in memories.values():
        if memory.role == "constant":
            continue
        bits = Fixed().width(memory.form)
        assert (memory.name in spilled) == (taken + memory.words * bits > 5 * bits)
        if memory.name not in spilled:
            taken += memory.words * bits
    assert tight.dram_bits == 16 * tight.spilled_words > 0  # weights still fit
    assert tight.spilled_words >= sum(memories[name].words for name in spilled) > 0


def test_scopes_share_room() -> None:
    own, _ = homes(12, 32)
    chip, _ = homes(12, 32, "chip")
    assert own.spilled_words == 0 < chip.spilled_words
    assert homes(12, 32, "chip", n_banks=4)[0].spilled_words == 0


def test_without_a_dram_a_rule_that_does_not_fit_is_refused() -> None:
    with pytest.raises(UserError, match=r"\[\[memory\]\] m holds 80 bits a neuron.*Give it depth"):
        homes(5, 16, dram=None)


def channel(clock_mhz: float = 1000.0) -> DramChannel:
    return DramChannel(Clock(), DDR, clock_mhz)


def served(dram: DramChannel, *runs: Run) -> int:
    """Return the cycles that a request takes."""
    done: list[int] = []
    dram.use(0, runs, done.append)
    dram.clock.play()
    return done[0]


def test_an_open_row_by_hand() -> None:
    """Rows of 1024 bits in two banks; 128 bits a burst of four clocks."""
    dram = channel()
    assert served(dram, Run(0, 128)) == 7 + 11 + 4  # nothing open: tRCD, CL, one burst
    assert served(dram, Run(128, 256)) == 11 + 8  # the row is open
    assert served(dram, Run(1000, 48)) == 7 + 11 + 4  # row 0 is, row 1 of the other bank is not
    assert served(dram, Run(2048, 16)) == 5 + 7 + 11 + 4  # row 2 takes the place of row 0
    assert served(dram, Run(0, 16)) == 5 + 7 + 11 + 4
    assert (dram.row_hits, dram.row_misses, dram.bits) == (2, 4, 128 + 256 + 48 + 16 + 16)


def test_time_of_the_dram_is_in_whole_cycles_of_the_machine() -> None:
    assert served(channel(100.0), Run(0, 128)) == 3  # 22 ns are two cycles and a bit
    assert served(channel(1000 / 22), Run(0, 128)) == 1


def test_requests_wait_for_each_other() -> None:
    dram, done = channel(), []
    for requester in (2, 1):
        dram.use(requester, (Run(0, 128),), lambda _, r=requester: done.append((r, dram.clock.now)))
    dram.clock.play()
    assert done == [(1, 22), (2, 22 + 15)]
    assert (dram.busy_cycles, dram.waited_cycles) == (37, 22)


def test_a_spill_costs_time_and_shows() -> None:
    network, tiles = dense_network(12), load("tiles")
    sram = tiles.memory[0]
    small = replace(tiles, memory=(replace(sram, depth=16), *tiles.memory[1:]))
    roomy, tight = (simulated_step(network, RTRL(), m, Fixed())[0] for m in (tiles, small))
    assert roomy.dram is not None
    assert tight.dram is not None
    assert roomy.dram.spilled_words == roomy.dram.bits == 0 < tight.dram.spilled_words
    assert tight.dram.row_misses > 0 < tight.dram.row_hits
    assert tight.cycles > 2 * roomy.cycles
    assert tight.memory_bound >= tight.dram.busy_cycles


def test_lanes_of_a_tile_are_shared_by_its_neurons() -> None:
    mesh, network = load("mesh"), dense_network(12)
    shared = replace(mesh, tiles=Tiles(2, 2), compute=replace(mesh.compute, lanes="per_tile"))
    activity, _ = simulated_step(network, TRTRL(), shared, Float())
    assert activity.macs == 4
    assert sorted({neuron.lane_number for neuron in activity.neurons}) == [0, 1, 2, 3]
    assert activity.mean("lane") > 0
