"""A network's routers as the kernel sees them: arrays, wiring, delays, and state at rest."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurosim.machine.description import Noc
from neurosim.noc.kernel import NOTHING, REGISTERS
from neurosim.noc.topology import TOPOLOGIES, Topology

Ints = NDArray[np.int64]
Records = Any  # an array of records, whose fields are attributes
PORTS = {"mesh": 5, "ring": 3}
"""Ports of a router; the last is its tile's. A switch has one a tile."""


class Sizes(NamedTuple):
    """What does not change: the shape of a network, and delays in cycles."""

    kind: int
    cols: int
    nodes: int
    routers: int
    ports: int
    vcs: int
    depth: int
    routing: int
    vc_alloc: int
    sw_alloc: int
    traversal: int
    link: int
    credit: int
    wheel: int


class Routers(NamedTuple):
    """All routers and network interfaces of a network; fields are in the order of `FIELDS`.

    ``queue`` has the flits that input channels hold. ``flying`` and ``returning`` say what is due
    in a cycle, in a ring of cycles: how many, then flits with the channels they go to, or channels
    that get a credit. ``asks`` are requests to an allocator, ``occupied`` the flits in a router's
    buffers, ``ended`` trains with the cycles of their ends.
    """

    sizes: Sizes
    inputs: Records
    outputs: Records
    port: Records
    tiles: Records
    queue: Ints
    flying: Ints
    returning: Ints
    asks: Ints
    occupied: Ints
    ended: Ints
    registers: Ints


FIELDS = {
    # state, cycle of the next attempt, output port and channel ahead; flits: the first's place, how
    # many; the output channel won last
    "inputs": "state ready out out_vc first held vc_last",
    # whether a packet has it, free places behind it; the input channel that won last; best request
    "outputs": "taken credits vc_winner best owner",
    # output: input channels it leads to, or the tile; input: output channels that get its credits;
    # arbiters of an input's channels, of its outputs, of an output's inputs; best request; flits
    "port": "leads_to tile_of returns_to last_vc sw_last sw_winner rank rival crossed",
    # input channels it enters by; packets waiting, first and last; of the first, flits that are
    # sent, and the channel; the channel of the last packet
    "tiles": "entry waiting newest sent channel last_channel",
    # times: when it entered the queue, when its first flit left it, when its last flit was out;
    # message, next in the same queue; by message: packets that are not yet out
    "packets": "source destination flits created entered arrived train following left",
}
"""Fields of records: of input channels, output channels, ports, tiles, packets."""


def records(kind: str, size: int) -> Records:
    """Return records of a kind of `FIELDS`, all zero."""
    return np.zeros(size, [(name, np.int64) for name in FIELDS[kind].split()]).view(np.recarray)


def at_rest(noc: Noc, topology: Topology) -> Routers:
    """Return the routers of a network with nothing in it."""
    sizes = _sizes(noc, topology)
    ports, tiles = sizes.routers * sizes.ports, sizes.nodes
    channels = ports * sizes.vcs
    net = Routers(
        sizes,
        records("inputs", channels),
        records("outputs", channels + tiles * sizes.vcs),
        records("port", ports),
        records("tiles", tiles),
        queue=_zeros(channels * sizes.depth),
        flying=_zeros(sizes.wheel, 2 * ports + 1),
        returning=_zeros(sizes.wheel, ports + 2 * tiles + 1),
        asks=_zeros(2, channels),
        occupied=_zeros(sizes.routers),
        ended=_zeros(2, tiles),
        registers=_zeros(REGISTERS),
    )
    net.outputs.credits = sizes.depth
    for group, names in (
        (net.inputs, "vc_last"),
        (net.outputs, "vc_winner owner"),
        (net.port, "last_vc sw_last sw_winner rival"),
        (net.tiles, "waiting last_channel"),
    ):
        for name in names.split():
            group[name] = NOTHING
    _wire(net, topology)
    return net


def _sizes(noc: Noc, topology: Topology) -> Sizes:
    latest = max(
        noc.st_final_delay + noc.link_latency + 1,
        noc.link_latency + 1 + noc.credit_delay,
        noc.st_final_delay + 4 + noc.credit_delay,
    )
    return Sizes(
        kind=TOPOLOGIES.index(topology.kind),
        cols=topology.cols,
        nodes=topology.nodes,
        routers=1 if topology.switched else topology.nodes,
        ports=PORTS.get(topology.kind, topology.nodes),
        vcs=noc.num_vcs,
        depth=noc.vc_buf_size,
        routing=noc.routing_delay,
        vc_alloc=noc.vc_alloc_delay,
        sw_alloc=noc.sw_alloc_delay,
        traversal=noc.st_final_delay,
        link=noc.link_latency,
        credit=noc.credit_delay,
        wheel=latest + 1,
    )


def _zeros(*shape: int) -> Ints:
    return np.zeros(shape, np.int64)


def _wire(net: Routers, topology: Topology) -> None:
    """Say what leads where."""
    sizes, port = net.sizes, net.port
    tile = np.arange(sizes.nodes)
    beside = tile if topology.switched else tile * sizes.ports + sizes.ports - 1
    port.leads_to, port.tile_of, port.returns_to = NOTHING, NOTHING, NOTHING
    port.tile_of[beside] = tile
    port.returns_to[beside] = (len(port) + tile) * sizes.vcs
    net.tiles.entry = beside * sizes.vcs
    for a, b in () if topology.switched else topology.links:
        out, into = (x * sizes.ports + _port(topology, x, y) for x, y in ((a, b), (b, a)))
        port.leads_to[out], port.returns_to[into] = into * sizes.vcs, out * sizes.vcs


def _port(topology: Topology, here: int, there: int) -> int:
    """Return the port of a router that faces a neighbour: east, west, south, north; up, down."""
    if topology.kind == "ring":
        return 0 if there == (here + 1) % topology.nodes else 1
    if abs(there - here) == topology.cols:  # first, as in a single column all steps are by one
        return 2 if there > here else 3
    return 0 if there > here else 1


def port_of_link(topology: Topology) -> Ints:
    """Return the output port behind each link, shape (links,); a bus has all ports behind one."""
    if topology.switched:
        return np.arange(topology.nodes)
    ports = PORTS[topology.kind]
    return np.array([a * ports + _port(topology, a, b) for a, b in topology.links], np.int64)
