"""What every scenario on the shelf prints: as it is, or smaller where it would take long.

Golden files are written anew with `GOLDEN=write pytest tests/test_shelf.py`; read what changed.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from neurosim.cli import main
from tests.expected import compared
from tests.programs import rows

ROOT = Path(__file__).parent.parent
COSTS = {
    "compare": (),
    "frequency_doubler": (),
    "sunspots": (),
    # whole it takes half a minute; the rules still end at different sizes
    "scaling": ("--sizes", "4,8,16,32", "--largest.rtrl", "16"),
    # RTRL with 100 units on a mesh takes ten seconds
    "locality": ("--sizes", "8,16,25"),
    # the third way to place depends on SciPy's optimiser, and is looked at by its result below
    "placement": ("--placements", "row_major,random", "--network.units", "36"),
    "which_chip": (),
    "adding": (),
    "narma10": (),
    "echo_state": (),
    "mackey_glass": (),
    "kronecker": (),
    # whole, they take seconds on the bus
    "alignment": ("--compare", "trtrl,kf_rtrl,rtrl"),
    "text": ("--network.units", "32"),
    "characters": ("--network.units", "32"),
}
LEARNING = ("compare", "frequency_doubler", "sunspots", "adding", "narma10", "text", "echo_state",
            "mackey_glass")  # fmt: skip


@pytest.fixture(autouse=True)
def workplace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("COLUMNS", "NEUROSIM_COMMAND"):
        monkeypatch.delenv(name, raising=False)


def printed(capsys, *argv):
    assert main(list(argv)) == 0
    out = capsys.readouterr().out
    for line in out.splitlines():
        assert line == line.rstrip()
        assert len(line) <= 80 or "neurosim" in line  # a command stays whole, to be copied
    return out


def test_every_scenario_has_its_golden_files():
    assert set(COSTS) == {path.stem for path in (ROOT / "scenarios").glob("*.py")}


@pytest.mark.parametrize("name", COSTS)
def test_what_a_scenario_costs(name, capsys):
    compared(f"cost_{name}.txt", printed(capsys, "cost", name, *COSTS[name]))


@pytest.mark.parametrize("name", LEARNING)
def test_what_a_scenario_learns_in_its_first_steps(name, capsys):
    out = printed(capsys, "compare", name, "--steps", "300", "--seeds", "0")
    masked = re.sub(r"^(  training time) .*$", r"\1 ...", out, count=1, flags=re.MULTILINE)
    assert masked != out
    # the hash counts every byte of the files that a scenario reads, comments too
    compared(f"compare_{name}.txt", re.sub(rf"\b({name}-)[0-9a-f]{{8}}\b", r"\1HASH....", masked))


def test_places_that_cross_few_links_are_the_result_of_the_third_way(capsys):
    """And no place changes what is multiplied or kept."""
    found = rows(capsys, "cost", "placement", "--network.units", "36")
    for rule in ("rtrl", "trtrl"):
        for kept in ("unit", "owner"):
            mine = {
                row["placement"]: row
                for row in found
                if (row["rule"], row["sensitivities"]) == (rule, kept)
            }
            hops = {place: row["hop_words_per_step"] for place, row in mine.items()}
            assert hops["min_hop_words"] < hops["row_major"] < hops["random"]
            assert len({row["multiplications_per_step"] for row in mine.values()}) == 1
            assert len({row["words_sent_per_step"] for row in mine.values()}) == 1


def test_the_mesh_is_for_trtrl_and_the_bus_for_rtrl(capsys):
    """The headline of `locality`, at a size where it takes no time."""
    found = rows(capsys, "cost", "locality", "--sizes", "25")
    cycles = {(row["rule"], row["machine"]): row["cycles_per_step"] for row in found}
    assert cycles["trtrl", "mesh"] < cycles["trtrl", "bus"]
    assert cycles["rtrl", "mesh"] > cycles["rtrl", "bus"]
    (lines,) = re.findall(
        r"^RTRL/TRTRL\n(.*?)^\S", printed(capsys, "cost", "locality", "--sizes", "25"),
        re.MULTILINE | re.DOTALL,
    )  # fmt: skip
    gaps = [float(x) for x in re.findall(r"([\d.]+) x", lines)]
    for gap, machine in zip(gaps[2:], ("bus", "mesh"), strict=True):
        assert gap == pytest.approx(cycles["rtrl", machine] / cycles["trtrl", machine], rel=5e-3)


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("which_chip", []),
        ("scaling", ["--sizes", "3,4", "--steps", "5", "--largest.rtrl", "3"]),
        ("locality", ["--sizes", "3", "--steps", "5"]),
        ("placement", ["--network.units", "8", "--steps", "5", "--placements", "random"]),
    ],
)
def test_a_script_prints_json(name, flags):
    done = subprocess.run(
        [sys.executable, str(ROOT / "scenarios" / f"{name}.py"), *flags, "--json"],
        capture_output=True, text=True, check=False, env={"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    rules = {"which_chip": ["rtrl", "trtrl", "inference"]}.get(name, ["rtrl", "trtrl"])
    assert list(dict.fromkeys(row["rule"] for row in found)) == rules
    # a study of costs alone leaves nothing behind
    assert Path("runs").exists() == (name != "which_chip")
