"""Graphs as GraphML, as networkx, yEd, Gephi and igraph write it.

networkx reads it; before that one pass over the XML looks for what networkx would accept without a
word (nodes and edges given twice, edges to nodes that are not there) and for what an XML file may
do to its reader (entities that expand without end).
"""

from __future__ import annotations

import io
import warnings
from collections import Counter
from pathlib import Path
from typing import Any
from xml.parsers import expat

import networkx as nx

from neurosim.errors import UserError
from neurosim.study.checks import short
from neurosim.study.graph_files import contents, few_enough, node_name, unit, wire

DEEPEST = 50


def read(path: Path) -> nx.DiGraph:
    """Return the graph in a GraphML file.

    Nodes keep ``role`` and what ``Traits`` has, edges ``weight`` and ``fixed``; the graph keeps
    ``inputs`` and ``outputs``, which are texts of names with commas or spaces between. Nodes are
    named by their ids, or by their labels where each has one of its own, since editors such as yEd
    hide the ids.

    Raises
    ------
    UserError
        When the file is not what it should be: with the line where there is one.
    """
    data = contents(path)
    _Survey(path).run(data)
    raw = _parsed(path, data)
    names = _names(path, raw)
    attributes = {k: _split(path, k, raw.graph[k]) for k in ("inputs", "outputs") if k in raw.graph}
    graph = nx.DiGraph(**attributes)
    for node, found in raw.nodes(data=True):
        given = {**raw.graph.get("node_default", {}), **found}
        given["role"] = given.get("role") or None  # editors write attributes that are empty
        graph.add_node(names[node], **unit(str(path), names[node], given))
    for source, target, found in raw.edges(data=True):
        given = {**raw.graph.get("edge_default", {}), **found}
        edge = (names[source], names[target])
        graph.add_edge(*edge, **wire(f"{path}: {edge[0]} -> {edge[1]}", given))
    return graph


class _Survey:
    """One pass over the XML that refuses what should not reach networkx."""

    def __init__(self, path: Path) -> None:
        self.path, self.depth, self.graphs = path, 0, 0
        self.nodes: dict[str, int] = {}
        self.edges: dict[tuple[str, str], int] = {}
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.StartDoctypeDeclHandler = self._doctype

    def run(self, data: bytes) -> None:
        try:
            self.parser.Parse(data, True)
        except expat.ExpatError as error:
            reason = expat.errors.messages[error.code]
            raise UserError(
                f"{self.path}:{error.lineno}: is not well-formed XML: {reason}. Correct the file."
            ) from None
        except (LookupError, ValueError) as error:  # an encoding that Python does not know
            raise UserError(f"{self.path}: {error}. Save it as UTF-8.") from None
        if self.graphs != 1:
            raise UserError(f"{self.path}: has {self.graphs} graph elements. Keep exactly one.")
        for (source, target), line in self.edges.items():
            for node in (source, target):
                if node not in self.nodes:
                    self._fail(f"edge names node {node}, which is not there. Add the node.", line)

    def _start(self, element: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            self._fail("elements are nested too deeply for a graph. Keep it flat.")
        kind = element.rpartition(":")[2]
        if kind == "graph":
            self._graph(attributes)
        elif kind == "node":
            self._node(attributes)
        elif kind == "edge":
            self._edge(attributes)
        elif kind == "hyperedge":
            self._fail("a hyperedge joins more than two nodes. Write it as edges.")

    def _end(self, element: str) -> None:
        self.depth -= 1

    def _doctype(self, *declared: object) -> None:
        self._fail(
            "a document type can define entities, which no graph needs. Drop <!DOCTYPE ...>."
        )

    def _graph(self, attributes: dict[str, str]) -> None:
        self.graphs += 1
        if attributes.get("edgedefault") != "directed":
            self._fail(
                'the graph is not directed. Set edgedefault="directed" and list an edge for each'
                " direction; in networkx, save graph.to_directed()."
            )

    def _node(self, attributes: dict[str, str]) -> None:
        name = attributes.get("id")
        if name is None:
            self._fail('a node has no id. Write it as <node id="n0"/>.')
        elif name in self.nodes:
            self._fail(f"node {name} is there already, on line {self.nodes[name]}. Drop one.")
        else:
            self.nodes[node_name(self._here(), name)] = self.parser.CurrentLineNumber

    def _edge(self, attributes: dict[str, str]) -> None:
        edge = (attributes.get("source", ""), attributes.get("target", ""))
        if not all(edge):
            self._fail('an edge needs both ends. Write it as <edge source="n0" target="n1"/>.')
        if attributes.get("directed") == "false":
            self._fail("the edge is not directed. Write it as two edges, one for each direction.")
        if edge in self.edges:
            self._fail(
                f"the edge {edge[0]} -> {edge[1]} is there already, on line {self.edges[edge]}."
                " Keep one, with one weight."
            )
        self.edges[edge] = self.parser.CurrentLineNumber
        few_enough(self.path, len(self.edges))

    def _here(self, line: int | None = None) -> str:
        return f"{self.path}:{line or self.parser.CurrentLineNumber}"

    def _fail(self, message: str, line: int | None = None) -> None:
        raise UserError(f"{self._here(line)}: {message}")


def _parsed(path: Path, data: bytes) -> nx.DiGraph:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # ports and keys without a type, which we do not use
            graph = nx.read_graphml(io.BytesIO(data))
    except (nx.NetworkXException, LookupError, ValueError, TypeError, AttributeError) as error:
        raise UserError(
            f"{path}: is XML, but not GraphML that networkx can read ({error}). Correct the file,"
            " or write it anew with networkx.write_graphml."
        ) from None
    if not len(graph):
        raise UserError(f"{path}: the graph has no nodes. Add some.")
    return graph


def _names(path: Path, graph: nx.DiGraph) -> dict[str, str]:
    """Return the name of each node id."""
    labels = [str(label).strip() for _, label in graph.nodes(data="label", default="")]
    if not all(labels) or Counter(labels).most_common(1)[0][1] > 1:
        return {node: node for node in graph}
    return {
        node: node_name(f"{path}: node {node}: label", label)
        for node, label in zip(graph, labels, strict=True)
    }


def _split(path: Path, key: str, given: Any) -> list[str]:
    if not isinstance(given, str):
        raise UserError(
            f"{path}: graph attribute {key} is {short(given)}. Make it a text of node names."
        )
    return given.replace(",", " ").split()
