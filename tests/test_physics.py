"""What no machine can do, on random machines, graphs and rules: lose words, or gain time.

Every law holds for each tier; the tiers count the same.
"""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from neurosim.engines.clock.performance import Performance
from neurosim.engines.clock.score import Score
from neurosim.engines.clocked import channel
from neurosim.engines.train import engine_for
from neurosim.learning import BPTT, RTRL, TRTRL
from neurosim.machine import (
    Bus,
    Compute,
    Dram,
    Links,
    Machine,
    Mapping,
    MemoryBank,
    Noc,
    Sync,
    Tiles,
)
from neurosim.machine.description import ROLES
from neurosim.model import Fixed, Float, Network
from neurosim.noc.arbiter import Clock
from tests.networks import random_network


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """Draw a network of up to seven units, sparse or dense, on any kind of topology."""
    units = draw(st.integers(1, 7))
    return random_network(
        units,
        draw(st.sampled_from([0.2, 0.5, 1.0])),
        inputs=draw(st.integers(1, 2)),
        outputs=draw(st.integers(1, min(3, units))),
        loops=draw(st.booleans()),
        bias=draw(st.booleans()),
        seed=draw(st.integers(0, 99)),
    )


RULES = st.sampled_from(
    [RTRL(), TRTRL(), TRTRL(placement="owner"), TRTRL(ingress_only=True), BPTT(window=2)]
)
FEW = st.integers(1, 4)
nocs = st.builds(
    Noc,
    topology=st.sampled_from(["mesh", "ring", "crossbar", "bus"]),
    num_vcs=st.sampled_from([2, 4]),
    vc_buf_size=st.integers(6, 10),
    flit_bits=st.sampled_from([8, 16, 32, 128]),
    header_flits=st.integers(0, 2),
    max_packet_flits=st.integers(3, 20),
    multicast=st.sampled_from(["none", "path", "tree"]),
)
buses = st.builds(
    Bus, words_per_cycle=FEW, arbitration=st.sampled_from(["round_robin", "fixed_priority"]),
    arbitration_cycles=st.integers(0, 3), broadcast=st.booleans(),
)  # fmt: skip
links = st.builds(Links, words_per_cycle=FEW, latency_cycles=st.integers(0, 5))


@st.composite
def machines(draw: st.DrawFn) -> Machine:
    carrier = draw(st.one_of(buses, links, nocs, nocs))
    tiled = isinstance(carrier, Noc)
    scopes = st.sampled_from(["neuron", "chip", *(["tile"] if tiled else [])])
    held = draw(st.integers(1, len(ROLES)))  # the first bank holds so many roles
    banks = []
    for n, holds in enumerate((ROLES[:held], ROLES[held:])):
        scope = draw(scopes)
        if holds:
            banks.append(
                MemoryBank(
                    f"bank{n}", holds, scope,
                    depth=draw(st.one_of(st.none(), st.integers(1, 200))),
                    width_bits=draw(st.sampled_from([None, 16, 36, 64])),
                    n_banks=1 if scope == "neuron" else draw(FEW),
                    n_rd_ports=draw(FEW), n_wr_ports=draw(FEW),
                    read_latency_cycles=draw(st.integers(0, 3)),
                    write_latency_cycles=draw(st.integers(0, 3)),
                )
            )  # fmt: skip
    lanes = st.sampled_from(["per_neuron", 1, 3, *(["per_tile"] if tiled else [])])
    return Machine(
        "random", "", draw(st.sampled_from([50.0, 100.0, 333.0])),
        Compute(draw(lanes), draw(FEW), draw(st.integers(0, 5)), draw(st.integers(0, 5))),
        tuple(banks), carrier, Sync(draw(st.integers(0, 9))),
        Tiles(draw(FEW), draw(FEW)) if tiled else Tiles(),
        Mapping(draw(st.sampled_from(["row_major", "random"])), draw(st.integers(0, 9)))
        if tiled else Mapping(),
        Dram(n_banks=draw(FEW), row_bits=draw(st.sampled_from([64, 1024]))),
    )  # fmt: skip


def played(network, rule, machine, number, tier):
    score, clock = Score(network, rule, number, machine), Clock()
    performance = Performance(score, clock, channel(machine, clock), tier)
    return score, performance, performance.play()


@settings(max_examples=120, deadline=None)
@given(networks(), RULES, machines(), st.sampled_from([Float(), Fixed()]))
def test_laws(network, rule, machine, number) -> None:
    score, performance, activity = played(network, rule, machine, number, "burst")
    counts = score.counts
    assert activity.words_received == counts.words_sent
    bounds = ("compute", "memory", "link", "dependency", "barrier")
    for bound in bounds:
        assert activity.cycles >= getattr(activity, f"{bound}_bound"), bound
    assert counts.multiplications <= activity.macs * activity.cycles
    for neuron in activity.neurons:
        assert neuron.cycles == activity.cycles
        assert min(neuron.compute, neuron.lane, neuron.memory, neuron.link, neuron.barrier) >= 0
    if isinstance(machine.interconnect, Noc):
        network_ = performance.carrier.network
        assert network_.flits_in == network_.flits_out == activity.link.flits
        assert activity.link.flit_hops == sum(activity.link.link_flits)
        assert activity.cycles >= max(activity.link.link_flits, default=0)
    assert activity.hop_words >= 0
    assert activity.dram.spilled_words == score.homes.spilled_words
    assert activity.dram.busy_cycles <= activity.cycles
    assert (activity.dram.bits > 0) <= (activity.dram.spilled_words > 0)


@settings(max_examples=60, deadline=None)
@given(networks(), RULES, machines())
def test_every_word_is_accounted_for(network, rule, machine) -> None:
    """Words read in banks, in registers (constants) and off the chip are those that are counted."""
    score, _, activity = played(network, rule, replace(machine, dram=Dram()), Fixed(), "burst")
    reads = sum(bank.reads for bank in activity.banks.values())
    writes = sum(bank.writes for bank in activity.banks.values())
    assert reads <= score.counts.reads
    assert writes <= score.counts.writes
    if not activity.dram.spilled_words:
        assert writes == score.counts.writes  # nobody writes a constant


@settings(max_examples=60, deadline=None)
@given(networks(), RULES, nocs, machines())
def test_tiers_count_the_same(network, rule, noc, machine) -> None:
    machine = replace(machine, interconnect=noc, tiles=Tiles(2, 3))
    burst, cycle = (played(network, rule, machine, Fixed(), tier)[2] for tier in ("burst", "cycle"))
    for name in ("words", "packets", "flits", "flit_hops", "link_flits"):
        assert getattr(burst.link, name) == getattr(cycle.link, name), name
    assert (burst.words_received, burst.hop_words) == (cycle.words_received, cycle.hop_words)
    assert burst.dram.bits == cycle.dram.bits
    assert {n: b.accesses for n, b in burst.banks.items()} == {
        n: b.accesses for n, b in cycle.banks.items()
    }


@settings(max_examples=40, deadline=None)
@given(networks(), RULES, machines(), st.sampled_from(["burst", "cycle"]))
def test_no_machine_changes_a_word(network, rule, machine, tier) -> None:
    """What is computed in the time of a machine is what is computed without any."""
    import numpy as np

    from neurosim.engines.clocked import ClockedEngine

    rule = rule.for_steps(5)
    clocked = ClockedEngine(network, rule, Fixed(), machine, tier=tier)
    arrays = engine_for(network, rule, "arrays", Fixed())
    rng = np.random.default_rng(0)
    for _ in range(5):
        x = rng.integers(-900, 900, len(network.inputs))
        target = rng.integers(-900, 900, len(network.outputs))
        for mine, theirs in zip(clocked.step(x, target), arrays.step(x, target), strict=True):
            np.testing.assert_array_equal(mine, theirs)
    np.testing.assert_array_equal(clocked.weights(), arrays.weights())
