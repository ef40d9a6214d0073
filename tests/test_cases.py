"""Studies that try several sizes, machines and places; fits on parts; energies of a study."""

import json
import math
import shutil
from itertools import product
from pathlib import Path

import pytest

from neurosim import engines
from neurosim.cli import main
from neurosim.errors import UserError
from neurosim.learning import RTRL, TRTRL
from neurosim.machine import load, technology
from neurosim.model import Fixed, Float
from neurosim.report import cases as sections
from neurosim.report import wording
from neurosim.study import comparison, results, sources
from neurosim.study.cases import cases, variant
from neurosim.study.overrides import override
from neurosim.study.scenario import NetworkSpec, RuleSpec, Scenario, TaskSpec
from neurosim.study.training import Outcome
from tests.networks import dense_network, random_network

SHELF = Path(__file__).parents[1] / "neurosim" / "machine" / "shelf"
TWO = ("rtrl", "trtrl")


@pytest.fixture(autouse=True)
def workplace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)


def scenario(**fields) -> Scenario:
    given = {"name": "tiny", "network": NetworkSpec(units=4), "task": TaskSpec(steps=6)}
    return Scenario(**{**given, **fields})


def costed(**fields):
    return comparison.study(scenario(**fields), "cost", lambda progress: None)[0]


# --- cases ------------------------------------------------------------------------------------


def test_every_combination_has_a_row():
    found = costed(
        sizes=(3, 5), machines=("mesh", "tiles"), placements=("row_major", "random"),
        sensitivities=("unit", "owner"),
    )  # fmt: skip
    seen = [
        (r["units"], r["machine"], r["placement"], r["sensitivities"], r["rule"])
        for r in found.rows
    ]
    every = product((3, 5), ("mesh", "tiles"), ("row_major", "random"), ("unit", "owner"), TWO)
    assert seen == list(every)
    assert len({variant(row, found.rows) for row in found.rows}) == 8
    assert all(check.held and check.times for check in found.checks)


def test_a_scenario_that_tries_one_is_its_only_case():
    assert cases(scenario()) == [scenario()]


def test_a_case_costs_what_it_costs_alone():
    """Whatever is swept beside it: the row is that of a study of its own."""
    found = costed(machines=("bus", "mesh"), sensitivities=("unit", "owner"))
    for row in found.rows:
        alone = costed(machine=row["machine"], rule=RuleSpec(placement=row["sensitivities"]))
        (same,) = [other for other in alone.rows if other["rule"] == row["rule"]]
        assert {k: v for k, v in row.items() if k != "sensitivities"} == same


def test_a_rule_stops_at_its_largest_size():
    found = costed(sizes=(3, 4, 6), largest={"rtrl": 4})
    assert [(row["units"], row["rule"]) for row in found.rows] == [
        (3, "rtrl"), (3, "trtrl"), (4, "rtrl"), (4, "trtrl"), (6, "trtrl"),
    ]  # fmt: skip


def test_a_rule_is_trained_once_a_size_however_many_machines(monkeypatch):
    trained = []

    def train(jobs, steps, watch, side_by_side, keeping):
        trained.extend((job.scenario.network.units, job.rule) for job in jobs)
        return [
            Outcome(
                rule=job.rule, seed=0, units=job.scenario.network.units, steps=steps, nmse=0.5,
                seconds=2.0 * n, curve=(), first_step=0, outputs=None, targets=None, errors=None,
                network=None, interrupted=False, failure=None,
            )
            for n, job in enumerate(jobs, 1)
        ]  # fmt: skip

    monkeypatch.setattr(comparison, "train", train)
    tried = scenario(sizes=(3, 4, 6), machines=("bus", "mesh"), largest={"rtrl": 4})
    found, _ = comparison.study(tried, "compare", lambda progress: None)
    assert trained == [(3, "rtrl"), (3, "trtrl"), (4, "rtrl"), (4, "trtrl"), (6, "trtrl")]
    times = {(r["units"], r["rule"], r["machine"]): r["seconds_per_step"] for r in found.rows}
    assert len(times) == 10
    for units, rule, _ in times:
        took = 2.0 * (trained.index((units, rule)) + 1) / 6
        assert times[units, rule, "bus"] == times[units, rule, "mesh"] == took


def test_exponents_are_those_of_each_variant():
    found = costed(sizes=(3, 4, 6, 8), machines=("bus", "mesh"), compare=("trtrl",))
    assert set(found.slopes) == {"trtrl, bus", "trtrl, mesh"}
    for machine in ("bus", "mesh"):
        cycles = {r["units"]: r["cycles_per_step"] for r in found.rows if r["machine"] == machine}
        # the line through the middle of three points: from their deviations
        x = [math.log(units) for units in (4, 6, 8)]
        y = [math.log(cycles[units]) for units in (4, 6, 8)]
        middle = sum(x) / 3
        slope = sum((a - middle) * b for a, b in zip(x, y, strict=True))
        slope /= sum((a - middle) ** 2 for a in x)
        assert found.slopes[f"trtrl, {machine}"]["cycles_per_step"] == pytest.approx(slope)


MISTAKES = [
    ({"placements": ["min_hops"]}, "placements: min_hops is unknown. Did you mean min_hop_words?"),
    ({"sensitivities": ["owners"]}, "sensitivities: owners is unknown. Did you mean owner?"),
    ({"placements": ["random", "random"]}, "placements: random stands there twice."),
    ({"placements": ["random"]}, "placements: machine bus has no tiles to place neurons on."),
    ({"machines": ["mesh", "lanes"], "placements": ["random"]}, "machine lanes has no tiles"),
    ({"machines": ["bus", "mehs"]}, "Did you mean mesh?"),
    ({"machine": "none", "placements": ["random"]}, "placements: there is no machine."),
    ({"machine": "none", "sensitivities": ["unit"]}, "sensitivities: there is no machine."),
    ({"largest": {"rtrl": 8}}, "largest.rtrl: there are no sizes of it."),
    ({"sizes": [4], "largest": {"bptt": 8}}, "largest.bptt: there are no sizes of it."),
    ({"sizes": [4], "largest": {"rtrl": 3}}, "largest.rtrl: no size is that small (got 3)"),
    ({"sizes": [4], "largest": {"rtrl": 0}}, "largest.rtrl: must be at least 1 (got 0)."),
    ({"machines": ["bus"], "seeds": [0, 1]}, "seeds: costs are the same for every seed."),
    ({"parts": ["ecp5-85"]}, "Did you mean ecp5-85f?"),
    ({"machines": ["bus", "mine.toml"]}, "machines: two are named bus."),
]


@pytest.mark.parametrize(("changes", "message"), MISTAKES)
def test_a_mistake_is_named(changes, message):
    shutil.copy(SHELF / "bus.toml", "mine.toml")
    with pytest.raises(UserError) as caught:
        comparison.study(override(scenario(), changes), "cost", lambda progress: None)
    assert message in str(caught.value)


# --- flags ------------------------------------------------------------------------------------


def test_a_flag_that_names_one_ends_the_trial_of_several():
    several = scenario(
        machines=("bus", "mesh"), sensitivities=("unit", "owner"), summary="bus and mesh"
    )
    alone = override(several, {"machine": "tiles"})
    assert (alone.machines, alone.summary) == ((), "")  # which told of both
    assert override(several, {"rule": {"placement": "owner"}}).sensitivities == ()
    assert override(several, {"network": {"units": 5}}).machines == ("bus", "mesh")


@pytest.mark.parametrize("key", ["machines", "placements", "sensitivities"])
def test_several_of_anything_take_one_seed(key):
    tried = {"machines": ["bus"], "placements": ["random"], "sensitivities": ["unit"]}[key]
    assert override(scenario(seeds=(4, 5)), {key: tried}).seeds == (4,)


def test_another_choice_of_rules_takes_the_largest_sizes_along():
    capped = scenario(sizes=(3, 4), largest={"rtrl": 3})
    assert override(capped, {"compare": ["trtrl"]}).largest == {}
    assert override(capped, {"largest": {"trtrl": 3}}).largest == {"trtrl": 3}


def test_a_single_rule_of_a_scenario_with_largest_sizes_runs(capsys):
    assert main(["run", "scaling", "--sizes", "3,4", "--steps", "5", "--json"]) == 0
    assert [row["rule"] for row in json.loads(capsys.readouterr().out)] == ["trtrl", "trtrl"]


@pytest.mark.parametrize("flag", ["machines", "placements", "sensitivities", "parts"])
def test_a_chip_takes_none_of_these_flags(flag, capsys):
    assert main(["hardware", "ring", f"--{flag}", "unit"]) == 2
    assert f"--{flag}: a chip" in capsys.readouterr().err.replace("the chip is", "a chip is")


# --- what is printed and kept -----------------------------------------------------------------


def test_rows_as_json_say_which_case_they_are(capsys):
    flags = ["--placements", "row_major,random", "--sensitivities", "unit,owner"]
    assert (
        main(["cost", "ring", "--network.units", "6", "--machine", "mesh", *flags, "--json"]) == 0
    )
    found = json.loads(capsys.readouterr().out)
    keys = {(r["machine"], r["placement"], r["sensitivities"], r["rule"]) for r in found}
    assert keys == set(product(("mesh",), ("row_major", "random"), ("unit", "owner"), TWO))


def test_a_run_of_several_cases_is_read_again_and_reported(capsys):
    argv = ["locality", "--sizes", "3,4", "--steps", "5"]
    assert main(["compare", *argv]) == 0
    first = capsys.readouterr().out
    (folder,) = Path("runs").iterdir()
    asked, found = results.read(folder)
    assert (asked.sizes, asked.machines) == ((3, 4), ("bus", "mesh"))
    assert {variant(row, found.rows) for row in found.rows} == {"bus", "mesh"}
    assert main(["report"]) == 0
    assert capsys.readouterr().out == first
    assert (folder / "report.html").exists()


def test_what_a_place_does_not_change_is_said_once():
    asked = scenario(machine="mesh", placements=("row_major", "random"),
                     sensitivities=("unit", "owner"), network=NetworkSpec(units=9))  # fmt: skip
    found, _ = comparison.study(asked, "cost", lambda progress: None)
    lines = {
        s.heading: [line[0].strip() for line in s.lines] for s in sections.sections(asked, found)
    }
    assert lines["words kept"] == ["9 units"]
    assert lines["words sent, each step"] == ["kept by the unit", "kept by the owner"]
    assert len(lines["hop-words, each step"]) == 4


def test_words_of_a_bus_are_not_said_twice():
    asked = scenario(sizes=(3, 4))
    found, _ = comparison.study(asked, "cost", lambda progress: None)
    headings = [section.heading for section in sections.sections(asked, found)]
    assert "words sent, each step" in headings
    assert "hop-words, each step" not in headings
    assert sections.ratios(asked, found) is None


def test_a_clock_is_named_where_machines_agree_on_it():
    for machines, clock in ((("bus", "mesh"), 100.0), (("bus", "tiles"), None)):
        asked = scenario(machines=machines)
        found, _ = comparison.study(asked, "cost", lambda progress: None)
        assert found.clock_mhz == clock
        said = f"machines {' and '.join(machines)}" + " at 100 MHz" * (clock is not None)
        assert wording.setting(asked, found) == f"float64, {said}"


# --- parts ------------------------------------------------------------------------------------


def test_json_has_how_each_rule_fits_each_part(capsys):
    flags = ["--parts", "ecp5-25f,ecp5-85f", "--network.units", "30"]
    assert main(["cost", "which_chip", *flags, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(r["rule"], [p["part"] for p in r["parts"]]) for r in found] == [
        (rule, ["ecp5-25f", "ecp5-85f"]) for rule in ("rtrl", "trtrl", "inference")
    ]
    for row in found:
        for part in row["parts"]:
            taken = part["block_rams"] <= part["block_rams_there"]
            taken = taken and part["multipliers"] <= part["multipliers_there"]
            assert part["fits"] == taken == ("why" not in part)
            assert part["fits"] == (part["largest_units"] >= 30)


def test_parts_are_for_fully_recurrent_networks(capsys):
    assert main(["cost", "ring", "--parts", "ecp5-85f"]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "parts: are compared for fully recurrent networks" in said
    assert "neurosim hardware NAME --part" in said


def test_fits_survive_the_run_folder(capsys):
    argv = ["which_chip", "--compare", "trtrl", "--network.units", "4", "--steps", "20"]
    assert main(["compare", *argv]) == 0
    first = capsys.readouterr().out
    assert "largest N" in first
    assert main(["report"]) == 0
    assert capsys.readouterr().out == first
    assert main(["report", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)[0]["parts"]) == 8


# --- energy -----------------------------------------------------------------------------------


@pytest.mark.parametrize("machine", ["bus", "mesh", "ideal", "lanes"])
@pytest.mark.parametrize("rule", [RTRL(), TRTRL()])
@pytest.mark.parametrize("number", [Float(), Fixed()])
def test_energy_is_what_was_counted_times_the_tables_figures(machine, rule, number):
    network = random_network(7, 0.5, outputs=2)
    found = engines.cost(network, rule, machine, number)
    described = load(machine).on(7)
    activity, counts = engines.simulated_step(network, described.as_run(rule), described, number)
    names = (described.technology.table, described.technology.alternate_table)
    assert (found.technology, found.alternate_technology) == names
    totals = (found.energy_pj_per_step, found.energy_alternate_pj_per_step)
    for name, total in zip(names, totals, strict=True):
        table = technology.load(name)
        pj = counts.multiplications * table.multiply(number).pj
        pj += counts.additions * table.add(number).pj
        pj += counts.activations * table.activate(number).pj
        for bank in activity.banks.values():
            for (kind, bits), times in bank.accesses.items():
                access = table.sram_read if kind == "reads" else table.sram_write
                pj += times * access(bank.largest_bits, bits).pj
        if machine == "mesh":
            noc = described.interconnect
            pj += activity.link.flit_hops * table.flit_hop(noc.flit_bits, noc.vc_buf_size).pj
        else:
            nodes = 1 if machine == "ideal" else 8  # the input is on the bus too
            pj += activity.link.words * table.bus_word(number.word_bits, nodes).pj
        assert total == pytest.approx(pj, rel=1e-12)


def test_every_word_kept_and_moved_costs_energy():
    """A larger network of the same rule takes more, and RTRL more than TRTRL."""
    found = [engines.cost(dense_network(n), RTRL(), "mesh").energy_pj_per_step for n in (3, 5, 9)]
    assert found == sorted(found)
    assert engines.cost(dense_network(9), TRTRL(), "mesh").energy_pj_per_step < found[-1]


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (2.0, "By energy the rules rank alike on nm45 and nm7: trtrl < rtrl."),
        (0.5, "do not rank alike: trtrl < rtrl on nm45; rtrl < trtrl on nm7."),
    ],
)
def test_the_report_says_whether_the_rules_rank_alike(other, said):
    found = costed(compare=TWO)
    first, last = found.rows
    changed = {
        **first,
        "energy_pj_per_step": 2 * last["energy_pj_per_step"],
        "energy_alternate_pj_per_step": other * last["energy_alternate_pj_per_step"],
    }
    summary = comparison.Summary(**{**vars(found), "rows": (changed, last)})
    ((mark, note),) = wording.energy(summary)
    assert mark == "[2]"
    assert note.endswith(said)


def test_the_shelf_scenarios_of_several_cases_are_swept():
    swept = {name for name in ("scaling", "locality", "placement", "compare", "which_chip")
             if sources.load(name).swept}  # fmt: skip
    assert swept == {"scaling", "locality", "placement"}
