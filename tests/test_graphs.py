"""Graphs of the user's own: node-link JSON and GraphML, and a message for each mistake in one."""

import json
import os

import networkx as nx
import pytest

from neurosim.errors import UserError
from neurosim.model.network import Network
from neurosim.study import graph_files
from neurosim.study.graphs import graph_from

GOOD = {
    "directed": True,
    "multigraph": False,
    "graph": {"inputs": ["x"], "outputs": ["n0"]},
    "nodes": [{"id": "x"}, {"id": "n0"}, {"id": "n1"}],
    "edges": [
        {"source": "x", "target": "n0", "weight": 0.5},
        {"source": "n0", "target": "n1"},
        {"source": "n1", "target": "n0", "weight": -2},
    ],
}
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n'
KEYS = (
    '<key id="w" for="edge" attr.name="weight" attr.type="double"/>\n'
    '<key id="r" for="node" attr.name="role" attr.type="string"/>\n'
)
NODES = (
    '<node id="x"><data key="r">input</data></node>\n'
    '<node id="n0"><data key="r">output</data></node>\n'
)
EDGES = '<edge source="x" target="n0"><data key="w">0.5</data></edge>\n'


def graphml(nodes=NODES, edges=EDGES, keys=KEYS, default="directed", head=HEAD, tail="</graphml>"):
    return f'{head}{keys}<graph edgedefault="{default}">\n{nodes}{edges}</graph>\n{tail}'


def node_link(**changes):
    return json.dumps({**GOOD, **changes})


def with_edge(**edge):
    return node_link(edges=[{"source": "x", "target": "n0", **edge}])


def save(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return path


def trained(path, **ends):
    """Return the weights that the file gives, by way of a network."""
    graph, inputs, outputs = graph_from(file=path, **ends)
    return inputs, outputs, {(a, b): w for a, b, w in graph.edges(data="weight")}


@pytest.mark.parametrize("key", ["edges", "links"])
def test_node_link_is_read_with_either_name_for_the_edges(tmp_path, key):
    described = {**GOOD, key: GOOD["edges"]}
    if key == "links":
        del described["edges"]
    path = save(tmp_path, "net.json", json.dumps(described))
    weights = {("x", "n0"): 0.5, ("n0", "n1"): None, ("n1", "n0"): -2.0}
    assert trained(path) == (("x",), ("n0",), weights)
    network = Network(*graph_from(file=path))
    assert network.weights["n1", "n0"] == -2.0


def test_what_networkx_writes_as_json_is_read(tmp_path):
    graph = graph_from("small_world", units=9, outputs=2).graph
    path = save(tmp_path, "net.json", json.dumps(nx.node_link_data(graph)))
    again, inputs, outputs = graph_from(file=path)
    assert set(again.edges) == set(graph.edges)
    assert list(again) == list(graph)
    assert (inputs, outputs) == (("x",), ("n0", "n1"))


def test_what_networkx_writes_as_graphml_is_read(tmp_path):
    graph = nx.DiGraph([("x", "n0", {"weight": 0.25}), ("bias", "n0"), ("n0", "n0")])
    graph.graph.update(inputs="x", outputs="n0")
    nx.write_graphml(graph, tmp_path / "net.graphml")
    weights = {("x", "n0"): 0.25, ("bias", "n0"): None, ("n0", "n0"): None}
    assert trained(tmp_path / "net.graphml") == (("x",), ("n0",), weights)


def test_roles_name_inputs_and_outputs(tmp_path):
    nodes = [{"id": "in", "role": "input"}, {"id": "out", "role": "output"}]
    nodes += [{"id": "h", "role": "unit"}, {"id": "bias", "role": "bias"}, {"id": 7, "role": None}]
    path = save(tmp_path, "net.json", node_link(nodes=nodes, edges=[], graph={}))
    graph, inputs, outputs = graph_from(file=path)
    assert (inputs, outputs) == (("in",), ("out",))
    assert list(graph) == ["in", "out", "h", "bias", "7"]
    path = save(tmp_path, "net.graphml", graphml())
    assert trained(path) == (("x",), ("n0",), {("x", "n0"): 0.5})


def test_an_argument_beats_the_graph_and_the_graph_beats_roles(tmp_path):
    nodes = [{"id": "x"}, {"id": "n0"}, {"id": "n1", "role": "output"}]
    path = save(tmp_path, "net.json", node_link(nodes=nodes))
    assert graph_from(file=path).outputs == ("n0",)
    assert graph_from(file=path, outputs=["n1", "n0"]).outputs == ("n1", "n0")


@pytest.mark.parametrize("default", ["input, output", "output"])
def test_defaults_of_graphml_keys_count(tmp_path, default):
    keys = KEYS.replace('type="double"/>', 'type="double"><default>1.5</default></key>').replace(
        'type="string"/>', 'type="string"><default>output</default></key>'
    )
    nodes = '<node id="x"><data key="r">input</data></node><node id="n0"/>'
    edges = (
        '<edge source="x" target="n0"/><edge source="n0" target="n0"><data key="w">2</data></edge>'
    )
    path = save(tmp_path, "net.graphml", graphml(nodes, edges, keys))
    weights = {("x", "n0"): 1.5, ("n0", "n0"): 2.0}
    assert trained(path) == (("x",), ("n0",), weights)


def labelled(*labels):
    key = '<key id="l" for="node" attr.name="label" attr.type="string"/>\n'
    nodes = "".join(
        f'<node id="{number}"><data key="l">{label}</data></node>\n'
        for number, label in enumerate(labels)
    )
    return graphml(nodes, '<edge source="0" target="1"/>', KEYS + key)


def test_labels_are_names_where_each_node_has_its_own(tmp_path):
    path = save(tmp_path, "net.graphml", labelled("x", "out"))
    assert trained(path, inputs=["x"], outputs=["out"])[2] == {("x", "out"): None}
    path = save(tmp_path, "net.graphml", labelled("same", "same"))
    assert trained(path, inputs=["0"], outputs=["1"])[2] == {("0", "1"): None}


def test_graphml_in_other_encodings_and_without_a_namespace(tmp_path):
    latin = graphml().replace("UTF-8", "ISO-8859-1").replace("n0", "né")
    path = save(tmp_path, "net.graphml", latin.encode("latin-1"))
    assert graph_from(file=path).outputs == ("né",)
    path = save(tmp_path, "net.graphml", graphml(head="<graphml>"))
    assert graph_from(file=path).outputs == ("n0",)


JSON_MISTAKES = [
    ("  \n", ["is empty"]),
    (b"\x89PNG\r\n\x1a\n\x00\xff\xfe", ["is not UTF-8", "byte 0"]),
    ('{"nodes": "ä"}'.encode("latin-1"), ["is not UTF-8", "byte 11", "Save it as UTF-8"]),
    ('{"nodes": [}', [":1:12:", "is not JSON"]),
    ("{}\n\nx", [":3:1:", "is not JSON"]),
    ("[" * 100_000, ["nested too deeply"]),
    ('{"nodes": ' + "9" * 5000 + "}", ["a number in it is far too long"]),
    ("null", ["not a node-link graph"]),
    ('"text"', ["not a node-link graph"]),
    ('{"nodes": []}', ["not a node-link graph"]),
    ('{"nodes": {}, "edges": []}', ["not a node-link graph"]),
    (node_link(edges={}), ["not a node-link graph"]),
    (node_link(links=[]), ["both edges and links", "Keep one"]),
    (node_link(nodes=[], edges=[]), ["no nodes"]),
    (node_link(nodes=[{"id": "x"}, {}]), ["nodes[1]", "has no id"]),
    (node_link(nodes=["x"]), ["nodes[0]", "has no id"]),
    (node_link(nodes=[{"id": None}]), ["nodes[0]", "named by text, not by None"]),
    (node_link(nodes=[{"id": 1.5}]), ["nodes[0]", "not by 1.5"]),
    (node_link(nodes=[{"id": True}]), ["nodes[0]", "not by True"]),
    (node_link(nodes=[{"id": ["a"]}]), ["nodes[0]", "not by ['a']"]),
    (node_link(nodes=[{"id": ""}]), ["nodes[0]", "'' is no name"]),
    (node_link(nodes=[{"id": "a\nb"}]), ["nodes[0]", r"'a\nb' is no name"]),
    (node_link(nodes=[{"id": "\ud800"}]), ["nodes[0]", "is no name"]),
    (node_link(nodes=[{"id": "n" * 101}]), ["nodes[0]", "1 to 100", "nnn..."]),
    (node_link(nodes=[{"id": 10**200}]), ["nodes[0]", "about 201 digits", "too long"]),
    (node_link(nodes=[{"id": "1"}, {"id": 1}]), ["nodes[1]", "called 1 already"]),
    (node_link(nodes=[{"id": "x", "role": "in"}]), ["node x", "role 'in' is unknown", "input"]),
    (node_link(nodes=[{"id": "x", "role": ["input"]}]), ["node x", "is unknown"]),
    (node_link(nodes=[{"id": "b", "role": "bias"}]), ["node b", "named bias", "Rename"]),
    (node_link(nodes=[{"id": "bias", "role": "input"}]), ["node bias", "Rename"]),
    (node_link(edges=[{"source": "x"}]), ["edges[0]", "is no edge", '"target"']),
    (node_link(edges=["x"]), ["edges[0]", "is no edge"]),
    (with_edge(target=None), ["edges[0]: target", "not by None"]),
    (with_edge(weight=None), ["x -> n0", "weight None", "leave the weight out"]),
    (with_edge(weight=True), ["x -> n0", "weight True", "not a number"]),
    (with_edge(weight=[1]), ["x -> n0", "weight [1]"]),
    (with_edge(weight=10**400), ["x -> n0", "about 401 digits", "not finite"]),
    (node_link(graph={"inputs": [], "outputs": ["n0"]}), ["which nodes are inputs"]),
    (node_link(graph={"inputs": "x"}), ["graph.inputs is 'x'", "a list"]),
    (node_link(graph={"inputs": [None]}), ["graph.inputs", "not by None"]),
    (node_link(graph={"inputs": ["y"], "outputs": ["n0"]}), ["inputs: 'y' is no node"]),
    (node_link(graph={"inputs": ["x"], "outputs": ["n00"]}), ["'n00'", "Did you mean n0?"]),
    (node_link(graph={"inputs": ["x", "x"], "outputs": ["n0"]}), ["x is listed twice"]),
]
TWO = graphml().replace("</graph>\n", '</graph><graph edgedefault="directed"/>')
XML_MISTAKES = [
    ("", ["is empty"]),
    (b"\x00\x01\x02\x03", ["not well-formed XML"]),
    ("no xml at all", [":1:", "not well-formed XML"]),
    (graphml()[:-5], ["not well-formed XML", "Correct the file"]),
    (graphml().replace("UTF-8", "klingon"), ["unknown encoding"]),
    (graphml().encode().replace(b'"n0"', b'"\xff"'), [":7:", "not well-formed XML"]),
    ('<!DOCTYPE g SYSTEM "file:///etc/hostname"><graphml/>', ["DOCTYPE"]),
    ("<a>" * 100 + "</a>" * 100, ["nested too deeply"]),
    ("<html/>", ["0 graph elements"]),
    (TWO, ["2 graph elements", "Keep exactly one"]),
    (graphml(head='<graphml xmlns="else">'), ["not GraphML that networkx can read"]),
    (graphml(default=""), [":5:", "not directed"]),
    (graphml("", ""), ["no nodes"]),
    (graphml("<node/>"), [":6:", "has no id"]),
    (graphml('<node id=""/>'), [":6:", "is no name"]),
    (graphml(edges='<edge source="x"/>'), [":8:", "both ends"]),
    (graphml(edges='<edge source="x" target="n7"/>'), [":8:", "names node n7"]),
    (graphml(edges=EDGES + EDGES), [":9:", "x -> n0", "on line 8"]),
    (graphml(edges='<edge source="x" target="n0" directed="false"/>'), [":8:", "two edges"]),
    (graphml(edges='<hyperedge><endpoint node="x"/></hyperedge>'), ["hyperedge"]),
    (graphml(keys=""), ["no key", "networkx.write_graphml"]),
    (graphml(edges=EDGES.replace("0.5", "heavy")), ["heavy", "networkx can read"]),
    (graphml(edges=EDGES.replace("0.5", "nan")), ["x -> n0", "nan is not finite"]),
    (graphml(edges=EDGES.replace("0.5", "1e999")), ["x -> n0", "inf is not finite"]),
    (graphml(keys=KEYS.replace("double", "string")), ["x -> n0", "'0.5' is not a number"]),
    (graphml(keys=KEYS.replace("double", "quad")), ["networkx can read"]),
    (graphml(NODES.replace(">input", ">entry")), ["node x", "role 'entry' is unknown"]),
    (graphml(NODES.replace(">input", ">unit")), ["which nodes are inputs"]),
    (labelled("a\tb", "c"), ["label", "is no name"]),
]


@pytest.mark.parametrize(
    ("name", "content", "parts"),
    [("net.json", *mistake) for mistake in JSON_MISTAKES]
    + [("net.graphml", *mistake) for mistake in XML_MISTAKES],
    ids=lambda value: ascii(value)[:40] if isinstance(value, str | bytes) else "",
)
def test_a_mistake_in_a_file_is_told_with_its_place(tmp_path, name, content, parts):
    path = save(tmp_path, name, content)
    with pytest.raises(UserError) as caught:
        graph_from(file=path)
    message = str(caught.value)
    assert message.startswith(str(path))
    for part in parts:
        assert part in message
    assert len(message) < 500 + len(str(path))


@pytest.mark.parametrize(
    ("name", "arguments", "parts"),
    [
        ("net", {}, ["no such file"]),
        ("net.json", {"density": 0.5}, ["density does not apply"]),
        ("net.json", {"outputs": 2}, ["outputs: name the nodes"]),
        ("net.json", {"outputs": ["n00"]}, ["outputs: 'n00' is no node", "Did you mean n0?"]),
        ("net.json", {"inputs": []}, ["which nodes are inputs"]),
    ],
)
def test_a_mistake_about_a_file_is_told(tmp_path, name, arguments, parts):
    save(tmp_path, "net.json", node_link())
    with pytest.raises(UserError) as caught:
        graph_from(file=tmp_path / name, **arguments)
    for part in parts:
        assert part in str(caught.value)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(UserError, match="is not a plain file"):
        graph_from(file=tmp_path / "pipe.json")


def test_a_file_that_may_not_be_read_is_told(tmp_path, monkeypatch):
    def refuse(self, *mode):
        raise PermissionError(13, "Permission denied")

    path = save(tmp_path, "net.json", node_link())
    monkeypatch.setattr(type(path), "open", refuse)
    with pytest.raises(UserError, match=r"net\.json: cannot be read \(Permission denied\)"):
        graph_from(file=path)


@pytest.mark.parametrize(
    ("name", "content"), [("net.json", node_link()), ("net.graphml", graphml(edges=EDGES))]
)
def test_limits_are_told_before_memory_runs_out(tmp_path, monkeypatch, name, content):
    path = save(tmp_path, name, content)
    monkeypatch.setattr(graph_files, "MOST_EDGES", 0)
    with pytest.raises(UserError, match="more than 0 edges"):
        graph_from(file=path)
    monkeypatch.setattr(graph_files, "MOST_BYTES", 10)
    with pytest.raises(UserError, match="larger than"):
        graph_from(file=path)
