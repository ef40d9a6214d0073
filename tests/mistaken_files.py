"""Files of users who made a mistake, by name; None is a folder."""

import json

from neurosim.machine import source

NODES = [{"id": "x", "role": "input"}, {"id": "a"}, {"id": "b", "role": "output"}]
EDGES = [{"source": s, "target": t} for s, t in ("xa", "ab", "ba")]
BUS = source("bus")
ENTITIES = "".join(
    f"<!ENTITY {b} '{f'&{a};' * 10}'>" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


def graph(**changes):
    return json.dumps({"directed": True, "nodes": NODES, "edges": EDGES, **changes})


def weighing(weight):
    return graph(edges=[*EDGES[:2], {**EDGES[2], "weight": weight}])


def graphml(inside, default="directed"):
    opening = f'<graphml><graph edgedefault="{default}">'
    return f"{opening}\n{inside}\n</graph></graphml>"


FILES = {
    "loop.json": graph(),
    "words.json": "hello",
    "list.json": "[1, 2]",
    "undirected.json": graph(directed=False),
    "no-inputs.json": graph(nodes=[{"id": "x"}, *NODES[1:]]),
    "no-outputs.json": graph(nodes=[*NODES[:2], {"id": "b"}]),
    "lonely.json": graph(nodes=[*NODES, {"id": "c"}]),
    "heavy.json": weighing("heavy"),
    "nan.json": weighing(float("nan")),
    "inf.json": weighing(float("inf")),
    "huge.json": weighing(1.5).replace("1.5", "1e400"),
    "twice.json": graph(nodes=[*NODES, {"id": "a"}]),
    "double.json": graph(edges=[*EDGES, EDGES[0]]),
    "stranger.json": graph(edges=[{"source": "x", "target": "z"}]),
    "into-input.json": graph(edges=[*EDGES, {"source": "a", "target": "x"}]),
    "both.json": graph(graph={"inputs": ["x"], "outputs": ["x"]}),
    "two-outputs.json": graph(graph={"inputs": ["x"], "outputs": ["a", "b"]}),
    "two-inputs.json": graph(
        nodes=[{"id": "z", "role": "input"}, *NODES],
        edges=[*EDGES, {"source": "z", "target": "a"}],
    ),
    "empty.json": "",
    "binary.json": bytes(range(256)),
    "latin.json": '{"nodes": "ü"}'.encode("latin-1"),
    "folder.json": None,
    "graph.gexf": "<gexf/>",
    "no-suffix": "x",
    "laughs.graphml": f"<!DOCTYPE l [<!ENTITY a 'ha'>{ENTITIES}]><graphml>&i;</graphml>",
    "undirected.graphml": graphml("", "undirected"),
    "broken.graphml": "<graphml><node",
    "twice.graphml": graphml('<node id="x"/>\n<node id="x"/>'),
    "s.csv": "t,value\n" + "".join(f"{t},{t * 7 % 11}\n" for t in range(40)),
    "empty.csv": "",
    "header.csv": "t,value\n",
    "binary.csv": bytes(range(256)),
    "latin.csv": "value\n1\nü\n".encode("latin-1"),
    "ragged.csv": "t,value\n1,2\n3\n",
    "hot.csv": "value\n1\nhot\n",
    "nan.csv": "value\n1\nnan\n",
    "inf.csv": "value\n1\ninf\n",
    "huge.csv": "value\n1\n1e400\n",
    "constant.csv": "value\n2\n2\n2\n",
    "twice.csv": "value,value\n1,2\n",
    "gap.csv": "value\n1\n\n2\n3\n",
    "comma.csv": "t;value\n1;2,5\n",
    "short.csv": "value\n1\n2\n",
    "folder.csv": None,
    "key.toml": "[network]\nunitz = 3\n",
    "section.toml": "[netwrok]\nunits = 3\n",
    "type.toml": "[network]\nunits = 'many'\n",
    "range.toml": "[task]\nsteps = 0\n",
    "nan.toml": "[rule]\nlearning_rate = nan\n",
    "broken.toml": "[network\n",
    "deep.toml": "a = " + "[" * 5000,
    "binary.toml": bytes(range(256)),
    "folder.toml": None,
    "rule.toml": "[rule]\nname = 'rtlr'\n",
    "compare.toml": "compare = ['trtrl', 'rtlr']\n",
    "topology.toml": "[network]\ntopology = 'rign'\n",
    "task.toml": "[task]\nname = 'mackey_glas'\n",
    "machine.toml": "machine = 'bsu'\n",
    "both.toml": "[network]\ntopology = 'ring'\nfile = 'loop.json'\n",
    "bus.toml": BUS,
    "clock.toml": BUS.replace("clock_mhz", "clokc_mhz"),
    "slow.toml": BUS.replace("clock_mhz = 100.0", "clock_mhz = nan"),
    "lanes.toml": BUS.replace('lanes = "per_neuron"', "lanes = 0"),
    "bank.toml": BUS.replace('holds = ["weight"]', 'holds = ["wieght"]'),
    "empty.toml": "",
    "raises.py": "\n1 / 0\n",
    "syntax.py": "x = (\n",
    "leaves.py": "raise SystemExit(0)\n",
    "nothing.py": "x = 1\n",
    "topologies/boom.py": "def build(units):\n    raise ValueError('boom')\n",
    "topologies/syntax.py": "def build(units:\n",
    "topologies/nothing.py": "def build(units):\n    pass\n",
    "runs/a-1/summary.json": "{}",
    "runs/a-2/summary.json": "{}",
    "some/folder/file": "",
}
