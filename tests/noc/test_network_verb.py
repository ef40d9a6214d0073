"""`neurosim network`: what it prints, and how it answers mistakes."""

import json

import pytest

from neurosim.cli import main
from neurosim.noc import characterise

KEYS = {
    "avg_packet_latency", "min_packet_latency", "max_packet_latency",
    "accepted_flits_per_node_cycle",
}  # fmt: skip
SMALL = ("network", "--size", "2x3", "--packet-flits", "4")


def printed(capsys, *arguments):
    assert main(["network", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_rate_as_json(capsys):
    found = printed(capsys, "--size", "3x3", "--rate", "0.2", "--seed", "3")
    assert found.keys() >= KEYS | {"saturated", "offered_flits_per_node_cycle", "avg_hops"}
    assert "completion_cycles" not in found
    assert found["saturated"] is False
    assert found["min_packet_latency"] == 6
    assert found["accepted_flits_per_node_cycle"] == pytest.approx(0.2, rel=0.02)
    assert found["avg_packet_latency"] > found["zero_load_latency"]
    assert found == printed(capsys, "--size", "3x3", "--rate", "0.2", "--seed", "3")
    assert found != printed(capsys, "--size", "3x3", "--rate", "0.2", "--seed", "4")


@pytest.mark.parametrize("tier", ["cycle", "burst"])
def test_a_batch_as_json(tier, capsys):
    found = printed(capsys, "--traffic", "neighbor", "--batch", "100", "--packet-flits", "8",
                    "--tier", tier)  # fmt: skip
    assert found.keys() >= KEYS | {"completion_cycles"}
    assert "saturated" not in found
    assert found["completion_cycles"] == 929
    assert found["accepted_flits_per_node_cycle"] == pytest.approx(800 / 929)


@pytest.mark.parametrize("topology", ["mesh", "ring", "crossbar", "bus"])
@pytest.mark.parametrize("traffic", ["uniform", "neighbor", "hotspot:3", "all-to-all"])
def test_every_topology_and_traffic(topology, traffic, capsys):
    asked = ("--topology", topology, "--traffic", traffic, "--size", "2x3", "--batch", "5")
    found = printed(capsys, *asked)
    assert found["packets"] == 5 * 6 * (5 if traffic == "all-to-all" else 1)


def test_a_curve_rises_up_to_saturation(capsys):
    points = printed(capsys, "--size", "2x3", "--traffic", "hotspot:0", "--packet-flits", "4")
    loads = [point["offered_flits_per_node_cycle"] for point in points]
    borne = [load for load, point in zip(loads, points, strict=True) if not point["saturated"]]
    assert any(point["saturated"] for point in points)
    # six nodes share one port, which loses a cycle for each packet of 4 flits
    assert 0.9 * 4 / 5 / 6 < max(borne) < 1 / 6


def test_a_table_a_figure_and_a_hint(capsys, tmp_path):
    path = tmp_path / "curve.svg"
    assert main([*SMALL, "--figure", str(path)]) == 0
    out = capsys.readouterr().out
    assert "saturates  between" in out
    assert "next     neurosim network --topology mesh --size 2x3" in out
    assert all(len(line) <= 80 for line in out.splitlines() if "neurosim network" not in line)
    assert "offered load" in path.read_text()


def test_one_load_on_the_terminal(capsys):
    assert main([*SMALL, "--rate", "0.1"]) == 0
    out = capsys.readouterr().out
    assert "mean packet latency, cycles" in out
    assert "cycles to the last arrival" not in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--size 0x4", "got 0x4"),
        ("--size 99999x99999", "from 1 to 1,024 tiles"),
        ("--size 4", "Did you mean 4x4?"),
        ("--topology mehs", "Did you mean mesh?"),
        ("--traffic unifrom", "Did you mean uniform?"),
        ("--traffic hotspot:16", "from 0 to 15"),
        ("--traffic hotspot", "needs a node"),
        ("--traffic transpose --size 3x4", "as many rows as columns"),
        ("--rate 1.5", "got 1.5"),
        ("--rate 0", "above 0"),
        ("--rate nan", "got nan"),
        ("--rate much", "must be a number"),
        ("--rate 0.1 --batch 2", "Give one"),
        ("--batch 0", "got 0"),
        ("--batch 1000000000", "got 1,000,000,000"),
        ("--packet-flits 0", "got 0"),
        ("--vcs 0", "got 0"),
        ("--topology ring --vcs 1", "--vcs: a ring needs 2"),
        ("--buffer -1", "got -1"),
        ("--tier cylce", "Did you mean cycle?"),
        ("--seed -1", "got -1"),
        ("--rate 0.1 --figure a.svg", "Leave out --rate"),
        ("--figure a.png", "must end in .svg"),
        ("--figure nowhere/a.svg", "there is no folder"),
    ],
)
def test_mistakes_end_with_2_and_say_what_to_do(arguments, said, capsys):
    assert main(["network", *arguments.split()]) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.out == ""


def test_what_was_found_before_ctrl_c_is_shown(capsys, monkeypatch):
    real, calls = characterise.at_rate, []

    def second_time_interrupted(*arguments):
        calls.append(arguments)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(characterise, "at_rate", second_time_interrupted)
    assert main([*SMALL, "--json"]) == 130
    captured = capsys.readouterr()
    assert len(json.loads(captured.out)) == 2
    assert "interrupted" in captured.err
