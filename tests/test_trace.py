"""Traces: events as the format has them, and what they add up to, on any machine."""

import gzip
import shutil
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path

import networkx as nx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import neurosim as ns
from neurosim.cli import main
from neurosim.engines import simulated_step
from neurosim.engines.lockstep import LockstepEngine
from neurosim.errors import UserError
from neurosim.learning import BPTT, RTRL, TRTRL
from neurosim.machine import Dram, Noc, Tiles, load
from neurosim.model import Float, Network
from neurosim.model.operations import Send
from neurosim.study.graphs import graph_from
from neurosim.study.trace import trace
from tests.networks import dense_network
from tests.test_physics import RULES, machines, networks
from tests.traces import Trace

GOLDEN = Path(__file__).parent / "golden" / "trace.txt"


def dense(units: int) -> Network:
    graph, inputs, outputs = graph_from("fully_recurrent", units=units)
    return Network(graph, inputs, outputs)


def traced(tmp_path: Path, *args, **kwargs) -> Trace:
    path = tmp_path / "trace.json.gz"
    found = trace(*args[:3], path, *args[3:], **kwargs)
    read = Trace(path)
    assert all(one["cycles"] > 0 for one in read.slices if one["ph"] == "B")
    assert found.events == len(read.events) == read.file["otherData"]["events"]
    return read


def words_said(network: Network, rule) -> tuple[int, int]:
    """Count messages to other neurons, and their words, from the programs themselves."""
    messages = words = 0
    for neuron in network.neurons:
        for operation in programs(network, rule, neuron):
            if isinstance(operation, Send):
                away = sum(n != neuron.number for n in operation.along)
                messages += away
                words += away * (1 if operation.scatter else operation.words.count)
    return messages, words


def programs(network: Network, rule, neuron):
    from neurosim.engines.cells import operations_of

    return operations_of(neuron, rule, network, 0)


def check_sums(found: Trace, network: Network, rule, machine, number, tier="burst") -> None:
    """Compare a trace of the first step with the account of a simulation of its own."""
    activity, _ = simulated_step(network, rule, machine, number, tier)
    assert [s["cycles"] for s in found.of("steps")["steps"]] == [activity.cycles]
    neurons = list(found.of("neurons").items())
    for unit in activity.neurons:
        slices = next(s for name, s in neurons if name.split(" (")[0] == unit.name)
        check_neuron(slices, unit, activity.cycles)
    flows = defaultdict(list)
    for event in found.events:
        if event["ph"] in "sf":
            flows[event["id"]].append((event["ph"], event["args"]["cycle"]))
    messages, words = words_said(network, rule)
    assert len(flows) == messages
    assert all([end for end, _ in sorted(f, reverse=True)] == ["s", "f"] for f in flows.values())
    assert all(dict(f)["s"] <= dict(f)["f"] for f in flows.values())
    arrived = [s for t in found.of("neurons").values() for s in t if " from " in s["name"]]
    assert sum(s["args"]["words"] for s in arrived if s["cat"] == "message") == words
    check_shared(found, activity, machine, tier)


def check_neuron(slices: list[dict], unit, cycles: int) -> None:
    """Bursts and waits are the neuron's cycles, kind by kind."""
    spent = Counter()
    for one in slices:
        spent[one["cat"]] += one["cycles"]
        spent["computing"] += one["args"].get("compute_cycles", 0)
    assert spent["computing"] == unit.compute
    assert spent["memory"] + spent["compute"] - spent["computing"] == unit.memory
    assert (spent["lane"], spent["link"], spent["barrier"]) == (unit.lane, unit.link, unit.barrier)
    assert spent["message"] == 0
    assert sum(s["cycles"] for s in slices) == cycles


def check_shared(found: Trace, activity, machine, tier: str) -> None:
    """What memories and media show is what the simulation counted."""
    carried = found.of("bus and links")
    slices = [one for track in carried.values() for one in track]
    if not isinstance(machine.interconnect, Noc):
        assert sum(s["args"]["words"] for s in slices) == activity.link.words
        assert len(slices) == activity.link.bursts
        assert sum(s["cycles"] for s in slices) == activity.link.busy_cycles
    elif tier == "burst":
        assert sum(s["args"]["flits"] for s in slices) == sum(activity.link.link_flits)
        most = max((sum(s["args"]["flits"] for s in t) for t in carried.values()), default=0)
        assert most == max(activity.link.link_flits, default=0)
    busy = Counter()
    for track, held in found.of("shared memories").items():
        busy[track] = sum(s["args"]["port_cycles"] for s in held)
    counted = max((b.busy_cycles for b in activity.banks.values()), default=0)
    assert max(busy.values(), default=0) == counted
    if activity.dram is not None:
        served = found.of("memory off the chip")["channel"]
        assert sum(s["args"]["bits"] for s in served) == activity.dram.bits
        assert sum(s["cycles"] for s in served) == activity.dram.busy_cycles


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(networks(), RULES, machines(), st.sampled_from(["burst", "cycle"]))
def test_a_trace_adds_up_on_any_machine(tmp_path, network, rule, machine, tier) -> None:
    tier = tier if isinstance(machine.interconnect, Noc) else "burst"
    found = traced(tmp_path, network, rule, machine, Float(), (0, 0), tier)
    check_sums(found, network, rule, machine, Float(), tier)


@pytest.mark.parametrize("rule", [RTRL(), TRTRL(), TRTRL(placement="owner")], ids=str)
@pytest.mark.parametrize("name", ["bus", "ideal", "lanes", "mesh", "tiles"])
def test_a_trace_adds_up_on_the_shelf(tmp_path, name, rule) -> None:
    network, machine = dense(9), load(name)
    found = traced(tmp_path, network, rule, machine, Float(), (0, 0))
    check_sums(found, network, machine.as_run(rule), machine, Float())


@pytest.mark.parametrize("rule", [RTRL(), TRTRL()], ids=str)
def test_lanes_in_lockstep_show_what_the_schedule_does(tmp_path, rule) -> None:
    network, machine = dense(7), load("chip")
    found = traced(tmp_path, network, rule, machine, Float(), (0, 2))
    engine = LockstepEngine(network, rule, Float(), machine)
    activity = engine.activity
    assert [s["cycles"] for s in found.of("steps")["steps"]] == [activity.cycles] * 3
    lanes = found.of("lanes")
    assert len(lanes) == engine.schedule.lanes
    busy = [sum(s["args"]["busy_cycles"] for s in lane) for lane in lanes.values()]
    assert max(busy) == 3 * activity.compute_bound
    carriers = found.of("bus and rotator")
    words = sum(s["args"]["words"] for name in ("bus", "rotator") for s in carriers[name])
    assert words == 3 * activity.link.words


def relative(found: Trace, first: int, last: int) -> Counter:
    """Count what happens in the window of some steps, by where and when."""
    steps = {s["name"]: s for s in found.of("steps")["steps"]}
    begin = steps[f"step {first}"]["args"]["cycle"]
    end = steps[f"step {last}"]["args"]["cycle"] + steps[f"step {last}"]["cycles"]
    return Counter(
        (found.tracks[s["tid"]], s["name"], s["args"]["cycle"], s["cycles"])
        for s in found.slices
        if begin <= s["args"]["cycle"] <= end
    )


@pytest.mark.parametrize(("first", "last"), [(3, 4), (7, 7), (9, 11)])
@pytest.mark.parametrize("spilling", [False, True], ids=["roomy", "spilling"])
@pytest.mark.parametrize("rule", [BPTT(window=3), TRTRL()], ids=str)
def test_a_window_shows_what_the_whole_would(tmp_path, rule, spilling, first, last) -> None:
    machine = load("bus")
    if spilling:
        banks = tuple(replace(bank, depth=12) for bank in machine.memory)
        machine = replace(machine, memory=banks, dram=Dram(n_banks=2, row_bits=512))
    network = dense_network(4)
    whole = traced(tmp_path, network, rule, machine, steps=(0, last))
    window = traced(tmp_path, network, rule, machine, steps=(first, last))
    expected, found = (relative(one, first, last) for one in (whole, window))
    begin = min(cycle for _, _, cycle, _ in found)
    # the step before ends with moments and the barrier in the cycle in which this one begins
    assert found == Counter({k: n for k, n in expected.items() if k[2] > begin or k in found})
    assert {s["name"] for s in window.of("steps")["steps"]} == {
        f"step {n}" for n in range(first, last + 1)
    }


def test_a_trillion_steps_later_costs_nothing_more(tmp_path) -> None:
    network, late = dense_network(4), 10**12
    one = traced(tmp_path, network, BPTT(window=3), "bus", steps=(0, 2))
    far = traced(tmp_path, network, BPTT(window=3), "bus", steps=(late - late % 3, late - late % 3))
    round_cycles = sum(s["cycles"] for s in one.of("steps")["steps"])
    assert far.of("steps")["steps"][0]["args"]["cycle"] == late // 3 * round_cycles


@pytest.mark.parametrize("most", [200, 999])
def test_a_full_trace_ends_well(tmp_path, most) -> None:
    path = tmp_path / "trace.json.gz"
    found = trace(dense(6), TRTRL(), "lanes", path, steps=(0, 100), most=most)
    read = Trace(path)  # pairs match, tracks are in order
    assert most <= len(read.events) <= most + 20
    assert found.full is not None
    assert f"{found.full:,}" in read.file["otherData"]["cut_off"]
    assert max(s["args"]["cycle"] for s in read.slices) <= found.full
    whole = traced(tmp_path, dense(6), TRTRL(), "lanes", steps=(0, 3))
    for kept in (read, whole):  # what is there is there whole
        kept.early = [e for e in kept.events if e["args"].get("cycle", 1e9) < found.full]
    assert [e for e in read.early if e["ph"] != "M"] == [e for e in whole.early if e["ph"] != "M"]


def test_equal_traces_are_equal_files(tmp_path) -> None:
    for name in ("one", "other"):
        trace(dense(5), TRTRL(), "tiles", tmp_path / name)
    one, other = ((tmp_path / name).read_bytes() for name in ("one", "other"))
    assert one == other
    assert one[3] == 0  # the header holds no name
    assert one[4:8] == bytes(4)  # and no time


def test_names_are_the_users_own(tmp_path) -> None:
    odd = 'n"\\\n</script>\u2028&'
    network = Network(nx.DiGraph([("x", odd), (odd, "b"), ("b", odd)]), ["x"], [odd])
    found = traced(tmp_path, network, TRTRL(), "bus")
    assert odd in found.tracks.values()
    assert f"activation from {odd}" in {s["name"] for s in found.slices}


@pytest.mark.parametrize("clock_mhz", [300.0, 100.0, 7.3, 1000.0, 2500.0])
def test_times_are_whole_nanoseconds_of_any_clock(tmp_path, clock_mhz) -> None:
    machine = replace(load("lanes"), clock_mhz=clock_mhz)
    found = traced(tmp_path, dense(6), RTRL(), machine)
    for event in found.events:
        if event["ph"] in "XB":
            assert abs(event["ts"] - event["args"]["cycle"] / clock_mhz) < 0.6e-3


def test_a_step_of_two_neurons_is_golden(tmp_path) -> None:
    network = Network(nx.DiGraph([("x", "a"), ("a", "b"), ("b", "a")]), ["x"], ["b"])
    trace(network, TRTRL(), "bus", tmp_path / "trace", steps=(0, 0))
    lines = gzip.decompress((tmp_path / "trace").read_bytes()).decode().splitlines(keepends=True)
    assert "".join(lines[:-1]) == GOLDEN.read_text(encoding="utf-8")  # the last names the version


def test_a_recorder_changes_nothing(tmp_path) -> None:
    machine = replace(load("tiles"), tiles=Tiles(2, 2))
    before = simulated_step(dense(8), RTRL(), machine, Float())
    trace(dense(8), RTRL(), machine, tmp_path / "trace")
    assert simulated_step(dense(8), RTRL(), machine, Float()) == before


# --- the command line -------------------------------------------------------------------------


def test_run_and_compare_write_traces_into_their_folders(tmp_path, capsys) -> None:
    quick = ("--network.units", "3", "--task.steps", "40", "--seeds", "0", "--trace")
    out = ("--out", str(tmp_path), "--json")
    assert main(["run", "compare", *quick, *out, "--trace-steps", "5:5"]) == 0
    (path,) = tmp_path.glob("*/trace.json.gz")
    assert "step 5" in {s["name"] for s in Trace(path).slices}
    assert f"{path}: steps 5 to 5" in capsys.readouterr().err
    assert main(["compare", *quick, *out]) == 0
    names = sorted(path.name for path in tmp_path.glob("*/trace-*"))
    assert names == ["trace-rtrl.json.gz", "trace-trtrl.json.gz"]


def test_cost_writes_nothing_but_traces(tmp_path, capsys) -> None:
    flags = ["--network.units", "3", "--out", str(tmp_path), "--machine", "chip"]
    assert main(["cost", *flags, "--trace", "--compare", "trtrl"]) == 0
    (path,) = tmp_path.glob("*/*")
    assert path.name == "trace.json.gz"
    assert "ui.perfetto.dev" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--trace-steps", "0:1"], "Add --trace"),
        (["--out", "here"], "Add --trace"),
        (["--trace", "--trace-steps", "2:1"], "such as 0:1 (got '2:1')"),
        (["--trace", "--trace-steps", "-1:1"], "such as 0:1 (got '-1:1')"),
        (["--trace", "--machine", "none"], "Name one with --machine"),
        (["--trace", "--tier", "analytic"], "Use --tier burst"),
        (["--trace", "--sizes", "3,4"], "Use --sizes 3"),
    ],
)
def test_what_cannot_be_traced_is_said(flags, says, capsys, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["cost", *flags]) == 2
    assert says in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_python_refuses_steps_that_are_none(tmp_path) -> None:
    with pytest.raises(UserError, match=r"counted from 0 \(got 3:1\)"):
        ns.trace(dense_network(3), TRTRL(), "bus", tmp_path / "trace", steps=(3, 1))
    with pytest.raises(UserError, match="cannot be written"):
        ns.trace(dense_network(3), TRTRL(), "bus", tmp_path / "no" / "trace")


# --- the viewer's own reader ------------------------------------------------------------------


@pytest.mark.parametrize("name", ["bus", "mesh", "chip"])
def test_perfetto_reads_it(tmp_path, name) -> None:
    reader = pytest.importorskip("perfetto.trace_processor", reason="perfetto is not here")
    shell = shutil.which("trace_processor_shell") or shutil.which("trace_processor")
    if shell is None:
        pytest.skip("Perfetto's trace processor is not here")
    path = tmp_path / "trace.json.gz"
    trace(dense(9), TRTRL(), name, path)
    found = Trace(path)
    config = reader.TraceProcessorConfig(bin_path=shell)
    with reader.TraceProcessor(trace=str(path), config=config) as processor:
        asked = {
            "slice": len(found.slices),
            "flow": sum(event["ph"] == "s" for event in found.events),
            "stats where severity in ('error', 'data_loss') and value > 0": 0,
        }
        for table, expected in asked.items():
            (row,) = processor.query(f"select count(*) as n from {table}")
            assert row.n == expected, table
