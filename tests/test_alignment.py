"""`neurosim align`: gradients along one learner's way, against what else is known of them."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest

import neurosim as ns
from neurosim.cli import main
from neurosim.errors import UserError
from neurosim.learning import BPTT, KFRTRL, OK, RFLO, RTRL, TRTRL, UORO, Adam, Hybrid, Rule, SnAp
from neurosim.model import Fixed, Float
from neurosim.report.figures import alignment as figures
from neurosim.study import alignment, results
from neurosim.study.graphs import graph_from
from neurosim.study.initial import orthogonal
from neurosim.study.scenario import NetworkSpec, Scenario
from neurosim.study.trajectory import MEASURES, Trajectory, follow, hidden_edges
from tests.programs import interrupted, rows
from tests.test_agreement import stream
from tests.test_unbiased import BOUND, exact, furthest, network_of, samples

STEPS = 30
COSINE, RATIO, HIDDEN, HIDDEN_RATIO = range(4)


class Twin(RTRL):
    """RTRL, computed a second time: equal rules are computed once."""


@dataclass(frozen=True)
class Turned(RTRL):
    """RTRL with its gradient multiplied."""

    by: float = -1.0

    def step(self, *arguments: Any) -> Any:
        found = super().step(*arguments)
        return found._replace(gradient=self.by * found.gradient)


def elman(units: int = 6, seed: int = 1) -> ns.Network:
    return ns.Network(*graph_from("elman", units=units, outputs=2), seed=seed)


def along(network: ns.Network, rule: Rule, learner: Rule | None = None, **more: Any) -> Trajectory:
    learner = learner or RTRL(0.0)
    given = {"number": Float(), **more}
    return follow(network, learner, {"it": rule}, *stream(network, STEPS), **given)


def of(seen: Trajectory) -> np.ndarray:
    return seen.measures["it"][seen.due["it"]]


# --- what is measured ------------------------------------------------------------------------


def test_rtrl_is_as_rtrl_whoever_learns() -> None:
    for learner in (RTRL(0.1), TRTRL(0.1), RFLO(0.1, feedback="random")):
        found = of(along(elman(), Twin(), learner))
        assert found.shape == (STEPS, len(MEASURES))
        # in the first step no hidden unit has been heard yet
        np.testing.assert_allclose(found[1:], 1.0, rtol=1e-12)
        assert np.isnan(found[0, HIDDEN])
        assert found[0, COSINE] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("rule", "due"), [(BPTT(window=STEPS), STEPS), (BPTT(window=STEPS, every=3), 10),
                      (Hybrid(block=5), 6), (Hybrid(), 5), (SnAp(order=4), STEPS)],
)  # fmt: skip
def test_exact_rules_are_exact_while_weights_rest(rule: Rule, due: int) -> None:
    found = of(along(elman(), rule))
    assert len(found) == due
    np.testing.assert_allclose(found[1:], 1.0, rtol=1e-9)


def test_a_rule_of_blocks_is_held_against_the_sum_over_its_block() -> None:
    """Against one step alone it would be somewhere else."""
    network = elman()
    single, block = (-ns.gradients(network, rule, *stream(network, STEPS))[4] for rule in
                     (RTRL(), Hybrid(block=5)))  # fmt: skip
    cosine = single @ block / np.sqrt((single @ single) * (block @ block))
    assert cosine < 0.95
    assert of(along(network, Hybrid(block=5)))[0, COSINE] == pytest.approx(1.0)


@pytest.mark.parametrize(("by", "cosine", "ratio"), [(-1.0, -1.0, 1.0), (3.0, 1.0, 3.0),
                                                     (1e-200, 1.0, 1e-200)])  # fmt: skip
def test_a_turned_or_scaled_gradient(by: float, cosine: float, ratio: float) -> None:
    found = of(along(elman(), Turned(by=by), RTRL(0.1)))[1:]
    np.testing.assert_allclose(found[:, [COSINE, HIDDEN]], cosine, rtol=1e-9)
    np.testing.assert_allclose(found[:, [RATIO, HIDDEN_RATIO]], ratio, rtol=1e-9)


def test_gradients_that_are_zero_are_left_out_and_counted() -> None:
    seen = along(elman(), Turned(by=0.0))
    assert np.isnan(of(seen)).all()
    row = alignment._row({"rule": "it"}, {0: seen})
    assert (row["compared_steps"], row["left_out_steps"]) == (0, 27)  # a tenth is the warm-up
    assert "cosine" not in row


def test_trtrl_is_exact_where_hidden_units_hear_only_themselves() -> None:
    """EQUATIONS: what it leaves out goes over other units."""
    graph = nx.DiGraph()
    hidden, outputs = ("a", "b", "c"), ("o", "p")
    graph.add_edges_from((unit, unit) for unit in hidden)
    graph.add_edges_from(("x", unit) for unit in hidden)
    graph.add_edges_from((unit, output) for unit in hidden for output in outputs)
    network = ns.Network(graph, ("x",), outputs, seed=2)
    np.testing.assert_allclose(of(along(network, TRTRL()))[1:], 1.0, rtol=1e-9)
    assert of(along(network, RFLO()))[-1, HIDDEN] < 0.999  # which leaves their loops out


def test_measures_are_those_of_the_gradients_themselves() -> None:
    network = elman()
    rule, true = (
        -ns.gradients(network, each, *stream(network, STEPS)) for each in (RFLO(), RTRL())
    )
    found, hidden = of(along(network, RFLO())), hidden_edges(network)
    for t in range(1, STEPS):
        for which, columns in ((slice(None), (COSINE, RATIO)), (hidden, (HIDDEN, HIDDEN_RATIO))):
            g, r = rule[t, which], true[t, which]
            norms = np.linalg.norm(g), np.linalg.norm(r)
            wanted = g @ r / (norms[0] * norms[1]), norms[0] / norms[1]
            assert found[t, columns] == pytest.approx(wanted, rel=1e-10)


@pytest.mark.parametrize("number", [Float(), Float(32), Fixed()], ids=str)
def test_the_learner_learns_as_it_would_alone(number: Any) -> None:
    """Whatever is shown its way: the errors are those of `ns.train`."""
    network, learner = elman(), TRTRL(0.1)
    if isinstance(number, Float):
        learner = replace(learner, optimizer=Adam())
    alone = ns.train(network, learner, *stream(network, STEPS), number=number)
    seen = along(network, RFLO(), learner, number=number)
    np.testing.assert_array_equal(seen.errors, alone.errors)


def test_rules_that_draw_do_so_by_the_seed() -> None:
    found = [of(along(elman(), UORO(), seed=seed))[:, HIDDEN] for seed in (0, 0, 1)]
    np.testing.assert_array_equal(found[0], found[1])
    assert not np.allclose(found[0][2:], found[2][2:])


def test_a_learner_that_diverges_says_when() -> None:
    explosive = elman().with_weights(np.full(len(elman().edges), 1e200))
    seen = along(replace_activation(explosive), RFLO(), RTRL(1.0))
    assert seen.diverged is not None
    assert len(seen.errors) == seen.diverged + 1


def replace_activation(network: ns.Network) -> ns.Network:
    graph, inputs, outputs = graph_from("elman", units=6, outputs=2)
    linear = ns.Network(graph, inputs, outputs, activation="linear")
    return linear.with_weights(network.weight_vector)


# --- where stochastic rules read the error ---------------------------------------------------


@pytest.mark.parametrize("rule", [UORO(readout="one_hop"), KFRTRL(readout="one_hop")], ids=str)
@pytest.mark.parametrize(("topology", "leak"), [("fully_recurrent", 0.4), ("tournament", 1.0)])
def test_one_hop_back_the_mean_is_exact_too(rule: Rule, topology: str, leak: float) -> None:
    network = network_of(topology, leak)
    found = samples(network, rule, learners=8_000)
    assert furthest(found, exact(network)[-1]) < BOUND
    assert found.std(axis=0).max() > 1e-4


def test_one_hop_back_r_ok_is_exact_a_step_longer() -> None:
    network = network_of()
    x, target = stream(network, 5)
    true = ns.gradients(network, RTRL(), x, target)
    found = ns.gradients(network, OK(rank=2, readout="one_hop"), x, target)
    np.testing.assert_allclose(found[:3], true[:3], atol=1e-12)
    assert np.abs(found[3:] - true[3:]).max() > 1e-3
    state = ns.gradients(network, OK(rank=2), x, target)
    assert np.abs(state[2] - true[2]).max() > 1e-3


@pytest.mark.parametrize("rule", [UORO, KFRTRL, OK])
def test_a_readout_that_there_is_not(rule: type) -> None:
    with pytest.raises(UserError, match=r"readout: must be one of .* Did you mean one_hop"):
        rule(readout="onehop")


# --- weights at the beginning ----------------------------------------------------------------


def test_orthogonal_weights() -> None:
    network = ns.Network(*graph_from("elman", units=202, inputs=("x", "y"), outputs=2))
    one, same, other = (orthogonal(network, seed).weights for seed in (0, 0, 1))
    assert one == same != other
    hidden = [unit for unit in network.units if unit not in network.outputs]
    matrix = np.array([[one[source, unit] for source in hidden] for unit in hidden])
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(200), atol=1e-12)
    fed = [one[edge] for edge in network.edges if edge[0] in network.inputs]
    read = [one[edge] for edge in network.edges if edge[1] in network.outputs and edge[0] in hidden]
    assert np.var(fed) == pytest.approx(1 / 2, rel=0.25)
    assert np.var(read) == pytest.approx(1 / 200, rel=0.25)
    rest = set(one.values()) - {*fed, *read, *matrix.ravel().tolist()}
    assert rest == {0.0}


def test_orthogonal_weights_need_units_that_are_no_outputs() -> None:
    network = ns.Network(*graph_from("fully_recurrent", units=2, outputs=2))
    with pytest.raises(UserError, match="initial: orthogonal is about units that are no outputs"):
        orthogonal(network, 0)


# --- the command -----------------------------------------------------------------------------


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NEUROSIM_COMMAND", raising=False)
    return tmp_path


QUICK = ("adding", "--network.units", "6", "--steps", "40", "--seeds", "0")


def test_costs_are_those_of_cost(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--network.units", "6", "--compare", "trtrl,ok:rank=2,hybrid,rtrl"]
    counted = rows(capsys, "cost", "adding", *flags)
    aligned = rows(capsys, "align", *QUICK, *flags[2:])
    assert [row["rule"] for row in aligned] == ["trtrl", "ok:rank=2", "hybrid", "rtrl"]
    for row, cost in zip(aligned, counted, strict=True):
        assert row.items() >= cost.items()
        assert "cycles_per_step" in row
        assert row["compared_steps"] + row["left_out_steps"] == (36 if row["rule"] != "hybrid"
                                                                 else 6)  # fmt: skip
    assert aligned[-1]["hidden_cosine"] == pytest.approx(1.0)
    assert -1 < aligned[0]["hidden_cosine"] < 1


def test_all_rules_that_fit_are_compared_and_the_folder_says_the_same_again(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--machine", "none", "--network.loss", "squared", "--number.word_bits", "16"]
    assert main(["align", *QUICK, *flags]) == 0
    printed = capsys.readouterr()
    assert "RFLO feedback random" in printed.out
    assert "uoro is left out: UORO: needs divisions" in " ".join(printed.out.split())
    (folder,) = (workplace / "runs").iterdir()
    assert folder.name.startswith("adding-align-")
    assert {path.name for path in folder.iterdir()} == {
        "scenario.toml", "summary.json", "alignment.csv"
    }  # fmt: skip
    before = json.loads((folder / "summary.json").read_text())
    assert {row["rule"] for row in before["rows"]} >= {"rtrl", "trtrl", "snap", "hybrid", "eprop"}
    assert main(["align", str(folder / "scenario.toml")]) == 0
    assert [path.name for path in (workplace / "runs").iterdir()] == [folder.name]
    after = json.loads((folder / "summary.json").read_text())
    assert (after["rows"], after["alignment"]) == (before["rows"], before["alignment"])
    capsys.readouterr()
    assert main(["report"]) == 0
    assert capsys.readouterr().out.startswith("adding-align: gradients along what TRTRL learns")
    page = (folder / "report.html").read_text()
    assert "alignment_over_time" in page
    assert "RFLO feedback random" in page
    assert (folder / "figures" / "alignment.svg").exists()


def test_seeds_are_averaged_and_their_spread_is_said(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--compare", "rflo", "--machine", "none", "--json"]
    found = rows(capsys, "align", *QUICK[:-2], "--seeds", "0,1", *flags[:-1])[0]
    alone = [rows(capsys, "align", *QUICK[:-1], seed, *flags[:-1])[0] for seed in "01"]
    means = [row["hidden_cosine"] for row in alone]
    assert found["hidden_cosine_by_seed"] == pytest.approx(means)
    assert found["hidden_cosine"] == pytest.approx(np.mean(means))
    assert found["hidden_cosine_spread"] == pytest.approx(np.std(means, ddof=1))
    assert found["seeds"] == [0, 1]


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("--compare", "rfol"), "rule rfol: is unknown. Did you mean rflo?"),
        (("--compare", "rflo:fedback=random"), "takes no fedback. Did you mean feedback"),
        (("--comparee", "rflo"), "--comparee: unknown flag. Did you mean --compare?"),
        (("--sizes", "3,4"), "--sizes: align follows one network"),
        (("--rates.rtrl", "0.1"), "--rates: one rule learns"),
        (("--engine", "clocked"), "--engine: align shows all rules"),
        (("--rule.name", "rtlr"), "rule rtlr: is unknown"),
        (("--network.topology", "fully_recurrent", "--network.units", "1500"), "GB of memory"),
        (("--network.topology", "lstm", "--compare", "trtrl"), "which TRTRL has no gradient for"),
    ],
)
def test_mistakes(
    argv: tuple[str, ...], said: str, workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["align", "adding", "--machine", "none", *argv]) == 2
    printed = capsys.readouterr()
    assert said in printed.err
    assert printed.err.count("\n") == 1
    assert not (workplace / "runs").exists()


def test_a_learner_that_diverges_exits_1(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--network.activation", "linear", "--rule.learning_rate", "1e6", "--machine", "none"]
    assert main(["align", *QUICK, *flags, "--network.loss", "squared", "--compare", "rflo"]) == 1
    assert "diverged at step" in capsys.readouterr().out
    (folder,) = (workplace / "runs").iterdir()
    assert results.read(folder)[1].status == "failed"


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_ctrl_c_keeps_what_was_seen(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--network.units", "4", "--steps", "80000", "--machine", "none", "--seeds", "0,1"]
    interrupted("align", "adding", *flags, "--compare", "rflo")
    (folder,) = (workplace / "runs").iterdir()
    found = results.read(folder)[1]
    assert found.status == "interrupted"
    assert 0 < found.rows[0]["steps"] < 80_000
    assert main(["report"]) == 0


def test_a_sweep_is_refused() -> None:
    with pytest.raises(UserError, match="align follows one network"):
        alignment.prepared(Scenario(sizes=(3, 4), network=NetworkSpec(units=3)), given=False)


# --- the figures -----------------------------------------------------------------------------


def test_the_front_is_what_nothing_beats() -> None:
    points = [(1.0, 0.2), (2.0, 0.1), (3.0, 0.9), (3.0, 0.8), (9.0, 0.9), (10.0, 1.0)]
    assert figures.front(points) == {(1.0, 0.2), (3.0, 0.9), (10.0, 1.0)}


def test_labels_cover_neither_each_other_nor_a_marker() -> None:
    random = np.random.default_rng(0)
    points = [
        figures.Point(f"r{n}", *(0.8 + random.random(2) * (4.5, 2.0)), size=0.1) for n in range(13)
    ]
    points[1] = points[0]._replace(rule="r1")  # two rules that are alike in all
    boxes = figures.places(points, ["RFLO feedback random"] * len(points))
    for n, box in enumerate(boxes):
        assert not any(box.meets(other) for other in boxes[:n])
        assert not any(box.meets(figures._around(point)) for point in points)


def test_names_beside_a_margin_stand_apart() -> None:
    values = [0.5, 0.51, 0.1, 0.505, 0.52, 0.9]
    found = figures.apart(values, 0.05)
    assert np.argsort(found).tolist() == np.argsort(values).tolist()
    assert np.diff(np.sort(found)).min() >= 0.05 - 1e-12
    assert (found[2], found[5]) == (0.1, 0.9)
    assert np.mean([found[n] for n in (0, 1, 3, 4)]) == pytest.approx(np.mean(
        [values[n] for n in (0, 1, 3, 4)]))  # fmt: skip


# --- what others have measured ---------------------------------------------------------------

PAPER = {"uoro": 0.05, "kf_rtrl": 0.39, "rflo": 0.69}


@pytest.mark.slow
def test_alignments_of_the_paper(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Marschall, Cho and Savin 2020: to 0.03; and random feedback, which is chance, about 0."""
    names = "uoro,kf_rtrl,rflo,rflo:feedback=random"
    found = {row["rule"]: row for row in rows(capsys, "align", "alignment", "--compare", names)}
    for rule, wanted in PAPER.items():
        assert found[rule]["hidden_cosine"] == pytest.approx(wanted, abs=0.03)
    chance = found["rflo:feedback=random"]
    error = chance["hidden_cosine_spread"] / len(chance["seeds"]) ** 0.5
    assert abs(chance["hidden_cosine"]) < 3 * error
