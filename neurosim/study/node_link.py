"""Graphs as node-link JSON, the form of `networkx.node_link_data` and of d3.

Read by hand and not by networkx: its name for the list of edges changed from ``links`` to
``edges`` between versions, and it merges nodes and edges that are given twice without a word.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import networkx as nx

from neurosim.errors import UserError
from neurosim.study.checks import short
from neurosim.study.graph_files import contents, few_enough, node_name, unit, wire

SHAPE = '{"directed": true, "nodes": [{"id": "n0"}], "edges": [{"source": "n0", "target": "n0"}]}'


def read(path: Path) -> nx.DiGraph:
    """Return the graph in a node-link JSON file.

    Nodes keep ``role`` and what ``Traits`` has, edges ``weight`` and ``fixed``; the graph keeps
    ``inputs`` and ``outputs``, as lists of names. Everything else in the file is left aside. A file
    that does not say whether it is ``directed`` is taken to be, since its edges have a source and a
    target.

    Raises
    ------
    UserError
        When the file is not what it should be: with the place, such as ``edges[3]``.
    """
    described = _parsed(path)
    nodes, key = _lists(path, described)
    few_enough(path, len(described[key]))
    graph = nx.DiGraph(**_ends(path, described.get("graph", {})))
    for place, node in enumerate(nodes):
        _add_node(graph, f"{path}: nodes[{place}]", node)
    for place, edge in enumerate(described[key]):
        _add_edge(graph, f"{path}: {key}[{place}]", edge)
    return graph


def _parsed(path: Path) -> Any:
    try:
        text = contents(path).decode("utf-8-sig")
        return json.loads(text)
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path}: is not UTF-8 text (byte {error.start:,}). Save it as UTF-8 JSON."
        ) from None
    except json.JSONDecodeError as error:
        raise UserError(
            f"{path}:{error.lineno}:{error.colno}: is not JSON: {error.msg}. Correct the file."
        ) from None
    except RecursionError:
        raise UserError(
            f"{path}: lists are nested too deeply for a graph. It should look like {SHAPE}"
        ) from None
    except ValueError:  # Python refuses to read a whole number of thousands of digits
        raise UserError(f"{path}: a number in it is far too long. Shorten it.") from None


def _lists(path: Path, described: Any) -> tuple[list[Any], str]:
    """Return the list of nodes, and the key of the list of edges."""
    keys = [key for key in ("edges", "links") if isinstance(described, dict) and key in described]
    if len(keys) > 1:
        raise UserError(f"{path}: has both edges and links. Keep one of them.")
    if not keys or not all(isinstance(described.get(k), list) for k in ("nodes", keys[0])):
        raise UserError(f"{path}: is JSON, but not a node-link graph. It should look like {SHAPE}")
    if described.get("directed", True) is not True:
        raise UserError(
            f'{path}: the graph is not directed. Set "directed" to true and list an edge for'
            " each direction; in networkx, save graph.to_directed()."
        )
    if not described["nodes"]:
        raise UserError(f"{path}: the graph has no nodes. Add some.")
    return described["nodes"], keys[0]


def _ends(path: Path, given: object) -> dict[str, list[str]]:
    """Return the graph's own lists of inputs and outputs, where it has them."""
    attributes = given if isinstance(given, dict) else {}
    found = {key: attributes[key] for key in ("inputs", "outputs") if key in attributes}
    for key, listed in found.items():
        if not isinstance(listed, list):
            raise UserError(
                f"{path}: graph.{key} is {short(listed)}."
                f' Make it a list of node names, such as ["n0"].'
            )
        found[key] = [node_name(f"{path}: graph.{key}", name) for name in listed]
    return found


def _add_node(graph: nx.DiGraph, where: str, node: object) -> None:
    if not isinstance(node, dict) or "id" not in node:
        raise UserError(f'{where}: has no id. Write it as {{"id": "n0"}}.')
    name = node_name(where, node["id"])
    if name in graph:
        raise UserError(f"{where}: a node is called {name} already. Rename or drop one.")
    graph.add_node(name, **unit(where, name, node))


def _add_edge(graph: nx.DiGraph, where: str, edge: object) -> None:
    if not isinstance(edge, dict) or not {"source", "target"} <= edge.keys():
        raise UserError(f'{where}: is no edge. Write it as {{"source": "n0", "target": "n1"}}.')
    source, target = (node_name(f"{where}: {end}", edge[end]) for end in ("source", "target"))
    for name in (source, target):
        if name not in graph:
            raise UserError(f"{where}: names node {name}, which is not listed. Add it to nodes.")
    if graph.has_edge(source, target):
        raise UserError(
            f"{where}: the edge {source} -> {target} is listed twice. Keep one, with one weight."
        )
    graph.add_edge(source, target, **wire(f"{where}: {source} -> {target}", edge))
