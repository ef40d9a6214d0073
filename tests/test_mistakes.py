"""What users do wrong: each mistake gets one short message and exit code 2, and leaves nothing.

A row is a command line and parts of its message, which name the place, the mistake and what to do.
Files that a row names are in `mistaken_files.py`. Rarer mistakes in graph, CSV and TOML files are
in the tests of their readers.
"""

import json
import shlex
from pathlib import Path

import networkx as nx
import pytest

from neurosim.cli import main
from neurosim.study import memory
from tests.mistaken_files import FILES

GRAPHS = [
    ("run words.json", "words.json:1:1: is not JSON", "Correct the file."),
    ("run list.json", "is JSON, but not a node-link graph", '"nodes"'),
    ("run undirected.json", "the graph is not directed", "graph.to_directed()"),
    ("run no-inputs.json", "which nodes are inputs", "--network.inputs"),
    ("run no-outputs.json", "which nodes are outputs", "--network.outputs"),
    ("run lonely.json", "unit c has no incoming edge", "Add an edge"),
    ("run heavy.json", "heavy.json: edges[2]: b -> a: weight 'heavy'", "Write a number"),
    ("run nan.json", "b -> a: weight nan is not finite"),
    ("run inf.json", "b -> a: weight inf is not finite"),
    ("run huge.json", "b -> a: weight inf is not finite"),
    ("run twice.json", "nodes[3]: a node is called a already", "Rename or drop one"),
    ("run double.json", "edges[3]: the edge x -> a is listed twice", "Keep one"),
    ("run stranger.json", "edges[0]: names node z, which is not listed", "Add it to nodes"),
    ("run into-input.json", "edge a -> x leads into an input", "Drop it"),
    ("run both.json", "node x is both input and output"),
    ("run two-outputs.json", "--network.outputs", "2 outputs (a, b)", "1 target (x_ahead)"),
    ("run two-inputs.json", "--network.inputs", "2 inputs (z, x)", "1 input (x)"),
    ("run empty.json", "is empty", "Save a graph"),
    ("run binary.json", "binary.json: is not UTF-8 text", "Save it as UTF-8"),
    ("run latin.json", "latin.json: is not UTF-8 text"),
    ("run folder.json", "is a folder", "Name a file"),
    ("run lopo.json loop.json", "loop.json: does not belong here"),
    ("run lop.json", "no such file", "Did you mean loop.json?"),
    ("run graph.gexf", "neither a scenario nor a graph", ".graphml"),
    ("run no-suffix", "neither a scenario nor a graph"),
    ("run compare --network.file graph.gexf", "no kind of graph file", "networkx.write_graphml"),
    ("run laughs.graphml", "laughs.graphml:1: a document type can define entities", "Drop"),
    ("run undirected.graphml", ":1: the graph is not directed", 'edgedefault="directed"'),
    ("run broken.graphml", ":1: is not well-formed XML"),
    ("run twice.graphml", ":3: node x is there already, on line 2"),
    ("show lop.json", "no such file", "Did you mean loop.json?"),
]
SERIES = [
    ("missing.csv", "no such file", "Check the path"),
    ("folder.csv", "is a folder"),
    ("empty.csv", "is empty", "Put a header"),
    ("header.csv", "a header and no rows", "Add rows"),
    ("binary.csv", ":1: holds zero bytes", "Save it as CSV"),
    ("latin.csv", ":3: byte 1 of the line is not UTF-8"),
    ("ragged.csv", "ragged.csv:3: has 1 cells where the first line has 2"),
    ("hot.csv", "hot.csv:3: column value: 'hot' is not a number"),
    ("nan.csv", ":3: column value: 'nan' is a missing value", "Fill it"),
    ("inf.csv", ":3: column value: 'inf' is infinite"),
    ("huge.csv", ":3: column value: '1e400' is infinite or too large"),
    ("constant.csv", "column value is 2 in every row", "Choose another column"),
    ("twice.csv", ":1: columns 1 and 2 are both called 'value'", "Rename one"),
    ("gap.csv", ":3: is blank", "fill it, or delete"),
    ("comma.csv", ":2: column value: '2,5'", "a point for the decimals"),
    ("short.csv", "2 rows are too few to look 1 ahead", "a longer file"),
    ("s.csv --input tt", "no column 'tt'", "Did you mean t?", "It has t, value"),
    ("s.csv --horizon 0", "horizon: must be", "(got 0)"),
    ("s.csv --horizon -3", "horizon: must be", "(got -3)"),
    ("s.csv --horizon 39", "40 rows are too few to look 39 ahead", "a smaller horizon"),
    ("s.csv --horizon 1e1", "--horizon: must be a whole number (got '1e1')"),
    (f"s.csv --horizon {10**30}", "horizon: must be", "a number of about 31 digits"),
    ("s.csv --task.passes 0", "passes: must be at least 1"),
    ("s.csv --task.passes 2 --steps 9", "steps and passes both say how long"),
    ("s.csv --task.name mackey_glass", "mackey_glass reads no file", "task csv"),
    ("loop.json", "no column 'value'", "It has"),
]
SERIES = [(f"run ring --data {row[0]} --target value", *row[1:]) for row in SERIES]
SERIES += [
    ("run ring --data s.csv", "has the columns t, value", "--target COLUMN"),
    ("run ring --data s.csv --target valeu", "'valeu'", "Did you mean value?"),
    ("run ring --target value", "mackey_glass", "does not take target", "--data FILE.csv"),
    ("run ring --task.name csv", "needs a file", "--data FILE.csv"),
    ("run s.csv", "s.csv: is data, not a scenario", "Use --data s.csv"),
]
SCENARIOS = [
    ("compare key.toml", "key.toml: [network] unitz: unknown key", "Did you mean units?"),
    ("compare section.toml", "netwrok: unknown key", "Did you mean network?"),
    ("compare type.toml", "[network] units: needs a whole number (got 'many')"),
    ("compare range.toml", "[task] steps: must be at least 1 (got 0)"),
    ("compare nan.toml", "[rule] learning_rate: needs a finite number"),
    ("compare broken.toml", "broken.toml: is not valid TOML", "line 1", "Correct the file"),
    ("compare deep.toml", "deep.toml: is not valid TOML", "nested too deeply"),
    ("compare binary.toml", "binary.toml: is not UTF-8 text"),
    ("compare folder.toml", "is a folder"),
    ("compare tpoology.toml topology.toml", "does not belong here"),
    ("compare ke.toml", "ke.toml: no such file"),
    ("compare rule.toml", "rule rtlr: is unknown", "Did you mean rtrl?"),
    ("run compare.toml", "rule rtlr: is unknown", "Did you mean rtrl?"),
    ("compare topology.toml", "'rign': no topology", "Did you mean ring?"),
    ("compare task.toml", "task mackey_glas: is unknown", "Did you mean mackey_glass?"),
    ("compare machine.toml", "machine 'bsu': unknown", "Did you mean bus?"),
    ("compare both.toml", "[network] file: the topology ring is named too", "Give one"),
    ("compare bus.toml", "is a machine, not a scenario", "Use --machine bus.toml"),
    ("compare raises.py", "raises.py:2: ZeroDivisionError", "Correct the file"),
    ("compare syntax.py", "syntax.py:1: '(' was never closed"),
    ("compare leaves.py", "leaves.py:1: SystemExit"),
    ("compare nothing.py", "sets no scenario", "Add `scenario = Scenario(...)`"),
    ("compare boom", "boom.py:2: ValueError: boom"),
    ("compare topologies/syntax.py", "syntax.py:1: '(' was never closed"),
    ("compare nothing", "nothing.py: build returns NoneType", "networkx.DiGraph"),
    ("cmopare", "cmopare: unknown command", "Did you mean compare?"),
    ("compare comapre", "no such scenario", "Did you mean compare?", "neurosim list"),
    ("compare ''", "no such scenario"),
    ("compare .", "no such scenario"),
    (f"compare {'x' * 5000}", "no such scenario", "xxx..."),
    ("compare \x1b[31mred", r"\x1b[31mred", "no such scenario"),
]
MACHINES = [
    ("clock.toml", "[machine] clokc_mhz: unknown key", "Did you mean clock_mhz?"),
    ("slow.toml", "clock_mhz: must be a number above 0 (got nan)"),
    ("lanes.toml", "[compute] lanes: must be a whole number from 1", "(got 0)"),
    ("bank.toml", "[memory] holds", "Did you mean weight?"),
    ("empty.toml", "schema must be 1"),
    ("broken.toml", "broken.toml: is no TOML"),
    ("binary.toml", "is no UTF-8 text"),
    ("folder.toml", "is a folder"),
    ("lane.toml", "no such file"),
    ("loop.json", "unknown", "name a .toml file"),
    ("bsu", "machine 'bsu': unknown", "Did you mean bus?"),
]
MACHINES = [(f"cost ring --machine {row[0]}", *row[1:]) for row in MACHINES]
FLAGS = [
    ("compare --netwrk.units 3", "--netwrk.units: unknown flag", "Did you mean --network.units?"),
    ("compare --units 3", "--units: unknown flag", "Did you mean --network.units?"),
    ("compare --learning_rate 1", "unknown flag", "Did you mean --rule.learning-rate?"),
    ("cost --steps 3", "--steps: unknown flag", "neurosim cost --help"),
    ("--verison", "--verison: unknown flag", "Did you mean --version?"),
    ("list ring", "ring: does not belong here", "neurosim list --help"),
    ("compare ring elman", "elman: does not belong here"),
    ("run", "NAME: is missing", "neurosim run --help"),
    ("show", "NAME: is missing"),
    ("show rign", "nothing of that name", "Did you mean ring?"),
    ("compare --network.units", "--network.units: needs a value"),
    ("compare --seeds 0 --seeds 1", "--seeds: is given twice"),
    ("compare --json=maybe", "--json: is a switch and takes no value"),
    ("compare --network.units 0", "--network.units: must be at least 1 (got 0)"),
    ("compare --network.units -3", "--network.units: must be at least 1 (got -3)"),
    ("compare --network.units 2.5", "--network.units: must be a whole number (got '2.5')"),
    ("compare --network.units abc", "--network.units: must be a whole number (got 'abc')"),
    ("compare --network.units 1_000", "must be a whole number (got '1_000')"),
    (f"compare --network.units {10**30}", "units: must be", "a number of about 31 digits"),
    (f"compare --network.units {'9' * 5000}", "must be a whole number", "99..."),
    ("compare loop.json --network.units 5", "units does not apply to a graph file", "Drop it"),
    ("compare --network.topology rign", "Did you mean ring?"),
    ("compare --network.topology lop.json", "lop.json: no such file", "loop.json?"),
    ("compare --network.density 0.5", "fully_recurrent: does not take density"),
    ("compare sparse_random --network.density 0", "density: must be above 0"),
    ("compare small_world --network.neighbours 3", "must be even", "Try 4"),
    ("compare layered --network.layers 3,x", "--network.layers: must be whole numbers"),
    ("compare layered --network.layers 3", "needs at least two layers"),
    ("compare --network.activation relu", "'relu': unknown", "tanh, logistic"),
    ("compare --network.outputs n99", "outputs: 'n99' is no node", "Did you mean n9?"),
    ("compare --network.outputs 26", "26 outputs need at least as many units"),
    ("compare --network.inputs n0", "the name n0 is taken"),
    ("compare --network.options.wings 2", "does not take wings"),
    ("compare --network.options 2", "--network.options: needs a name too"),
    ("compare --network.file loop.json --network.topology ring", "--network.file", "Give one"),
    ("compare --network.file nofile.json", "no such file"),
    ("compare --network.seed -1", "--network.seed: must be at least 0"),
    ("compare --task.name wether", "task wether: is unknown", "mackey_glass"),
    ("compare --task.delay 3", "mackey_glass: does not take delay", "tau, horizon"),
    ("compare --task.tau 2", "tau: must be 5 or more"),
    ("compare --steps 0", "steps: must be at least 1 (got 0)"),
    ("compare --steps 1e4", "--steps: must be a whole number (got '1e4')"),
    ("compare --steps 99999999999", "steps: must be from 1 to 10,000,000"),
    ("compare --steps 5 --task.steps 6", "--task.steps says 6", "Give one of them"),
    ("compare --rule.learning_rate nan", "--rule.learning_rate: needs a finite number"),
    ("compare --rule.learning_rate -1", "--rule.learning_rate: must be 0 or more"),
    ("compare --rule.learning_rate fast", "must be a number (got 'fast')"),
    ("compare --rule.learning_rate 1e300", "at most 1e+06"),
    ("compare --rule.window 3", "window: does not apply to rtrl, trtrl"),
    ("compare --rule.literal --compare rtrl", "literal: does not apply to rtrl"),
    ("compare --rule.placement ownr", "no such choice", "Did you mean owner?"),
    ("compare --rule.name rtrl", "--rule.name", "Name them with --compare"),
    ("compare --compare rtrl,snip", "rule snip: is unknown", "Known: rtrl"),
    ("compare --compare RTRL", "Did you mean rtrl?"),
    ("compare --compare ''", "--compare: is empty", "Name at least one"),
    ("compare --compare bptt", "bptt would look back", "--rule.window 30"),
    ("compare --rates.snap 0.1", "--rates.snap: is not compared"),
    ("compare --rates.rtrl x", "--rates.rtrl: must be a number (got 'x')"),
    ("compare --rates 0.1", "--rates: needs a name too"),
    ("compare --number.kind decimal", "no such choice", "Known: float, fixed"),
    ("compare --number.word_bits 3", "[number] word_bits: must lie between"),
    ("compare --number.word_bits 99", "[number] word_bits: must lie between"),
    ("compare --number.kind float --number.word_bits 8", "a float has no such width"),
    ("compare --number.word_bits 16 --rule.learning_rate 1e-12", "rounds to zero", "word_bits"),
    ("compare --machine ''", "machine", "unknown", "bus"),
    ("compare --machine none --engine clocked", "needs the time of a machine"),
    ("compare --engine steam", "--engine: no such choice", "clocked"),
    ("compare --seeds 0,one", "--seeds: must be whole numbers", "0,1,2"),
    ("compare --seeds 0,0", "--seeds: 0 stands there twice"),
    ("compare --seeds -1", "--seeds: must be at least 0"),
    ("compare --sizes 3,0", "--sizes: must be at least 1"),
    ("compare scaling --seeds 0,1", "costs are the same for every seed"),
    ("run scaling --network.units 4", "--network.units", "Use --sizes"),
    ("run compare --compare rtrl", "--compare: run trains one rule"),
    ("run compare --rule.name snip", "rule snip: is unknown"),
    ("cost --seeds 1", "--seeds: cost counts and trains nothing"),
    ("cost --engine clocked", "--engine: cost counts and trains nothing"),
    ("cost --task.steps 5", "--task.steps: cost counts and trains nothing", "Drop it"),
    ("compare --name ' '", "--name: is empty"),
]
SIZES = [
    ("compare --network.units 2000", "RTRL with 2,000 units takes about 192 GB", "has 16 GB"),
    ("cost --network.units 2000 --machine mesh", "takes about 22 GB", "--machine none"),
    ("compare scaling --sizes 8,2000 --largest.rtrl 2000", "takes about 192 GB"),
    ("compare --network.units 3000", "9,000,000 edges", "Ask for fewer units"),
    ("compare ring --network.units 99999999", "units: must be from 1 to 5,000,000"),
    ("compare ring --network.units 40000", "RTRL with 40,000 units takes about"),
]
FOLDERS = [
    ("compare --out some/folder/file", "file/compare-", "Not a directory", "--out"),
    ("compare --out some/folder/file/deep", "cannot be written", "--out"),
    ("compare --out /proc/nowhere", "cannot be written", "--out"),
    ("compare --out ''", "--out: is empty"),
    ("report nope", "no such run in runs", "--out names another folder"),
    ("report a", "a: begins several runs (a-1, a-2)", "Write more"),
    ("report a-1", "a-1/summary.json: is not a summary", "Run it again"),
    ("report some/folder", "is no run folder", "no summary.json"),
    ("report some/folder/file", "no such run"),
    ("report --out nowhere", "nowhere: holds no runs yet", "neurosim compare"),
]
MISTAKES = [*GRAPHS, *SERIES, *SCENARIOS, *MACHINES, *FLAGS, *SIZES, *FOLDERS]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with all files in it; since a mistake leaves nothing, one serves all rows."""
    place = tmp_path_factory.mktemp("user")
    for name, content in FILES.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            path.mkdir()
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return place


@pytest.fixture(autouse=True)
def workplace(folder, monkeypatch):
    monkeypatch.chdir(folder)
    monkeypatch.setattr(memory, "installed", lambda: 16e9)


def lying_around():
    return sorted(Path().rglob("*"))


@pytest.mark.parametrize(("line", "parts"), [(row[0], row[1:]) for row in MISTAKES])
def test_a_mistake_gets_one_short_message_and_leaves_nothing(line, parts, capsys):
    before = lying_around()
    assert main(shlex.split(line)) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("neurosim: ")
    assert printed.err.count("\n") == 1
    assert len(printed.err.replace(str(Path.cwd()), "")) < 4 * 80
    for part in parts:
        assert part in printed.err
    assert lying_around() == before


def test_no_mistake_is_listed_twice():
    lines = [row[0] for row in MISTAKES]
    assert len(set(lines)) == len(lines)


def test_a_network_beyond_memory_is_refused_before_it_is_built(capsys, monkeypatch):
    monkeypatch.setattr(nx, "complete_graph", None)
    assert main(["compare", "--network.units", "1000"]) == 2
    assert "takes about 24 GB of memory, and this computer has 16 GB" in capsys.readouterr().err
    assert main(["cost", "--network.units", "2000", "--machine", "mesh"]) == 2
    assert "simulating 2,000 units on mesh takes about 22 GB" in capsys.readouterr().err


DAMAGE = [
    ("status", "odd", "no such choice (got 'odd')"),
    ("clock_mhz", "fast", "needs a number"),
    ("rows", 3, "rows: needs a list (got 3)"),
    ("rows", [3], "rows[0]: needs a table"),
    ("rows", [{"rule": "trtrl"}], "rows[0] units: missing"),
    ("rows", [{"rule": 1, "units": 1, "outputs": 1}], "rows[0] rule: is no such thing (got 1)"),
    ("rows", [{"rule": "r", "units": 1, "outputs": 10**400}], "rows[0] outputs: is no such thing"),
    ("rows", [{"rule": "r", "units": 1, "outputs": None}], "rows[0] outputs: is no such thing"),
    ("curves", {"trtrl": "steep"}, "needs a list"),
    ("curves", {"trtrl": [float("nan")]}, "needs a finite number"),
    ("checks", [3], "checks[0]: needs a table"),
    ("notes", [7], "notes[0]: needs text"),
    ("hints", ["x"], "hints[0]: needs a list"),
]


@pytest.mark.parametrize(("key", "value", "said"), DAMAGE)
def test_a_damaged_summary_is_refused(tmp_path, key, value, said, capsys):
    flags = ["--network.units", "2", "--steps", "20", "--seeds", "0", "--out", str(tmp_path)]
    assert main(["run", "ring", *flags]) == 0
    (path,) = tmp_path.glob("*/summary.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), key: value}))
    capsys.readouterr()
    assert main(["report", "--out", str(tmp_path)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert f"summary.json: {key}" in printed.err
    assert said in printed.err
    assert "Run it again." in printed.err
