"""The inner loop of the cycle tier: what every router does in a cycle, flit by flit.

Plain Python on flat arrays, compiled by numba where that is installed. The routers are those of
BookSim [1]_, as `docs/noc.md` describes them: in each cycle a router takes in flits and credits,
allocates virtual channels, allocates its switch, and sends. Both allocators are separable and input
first, with round-robin arbiters whose pointers move with a grant alone.

Numbers: input port ``router * ports + port``; input channel ``input port * vcs + vc``; output ports
and channels likewise, and after those of routers the output channels of the network interfaces. A
flit is ``packet * 4 + 2 * (is the last) + (is the first)``. Everything compiled stands in this one
file, because numba keeps its results until the file changes.

References
----------
.. [1] N. Jiang et al., "A detailed and flexible cycle-accurate network-on-chip simulator", ISPASS
   2013, doi:10.1109/ISPASS.2013.6557149.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurosim.model.compiled import compiled, entry

if TYPE_CHECKING:
    from neurosim.noc.routers import Routers

Packets = Any
IDLE, WANTS_CHANNEL, GETS_CHANNEL, ACTIVE, SENDS = range(5)
"""What an input channel does; the second and fourth ask an allocator, the others wait."""
HEAD, TAIL = 1, 2
MESH, RING, CROSSBAR, BUS = range(4)
NOW, BUSY, FLITS_IN, FLITS_OUT, ENDED, LAST_OUTPUT = range(6)
"""Registers; ``BUSY`` counts flits and credits under way, ``ENDED`` trains not yet told of."""
REGISTERS = 6
NOTHING = -1
NO_CYCLE = 1 << 62


@entry
def run(net: Routers, packets: Packets, until: int) -> int:
    """Simulate up to a cycle, exclusive, but not past a cycle in which a train's end was sent out.

    Returns
    -------
    int
        The next cycle in which something can happen; ``NO_CYCLE`` in an empty network.
    """
    registers = net.registers
    while registers[NOW] < until and registers[ENDED] == 0:
        if registers[BUSY] == 0:
            registers[NOW] = min(until, max(registers[NOW], next_created(net, packets)))
        if registers[NOW] < until:
            step(net, packets, registers[NOW])
            registers[NOW] += 1
    following: int = registers[NOW]
    if registers[BUSY] == 0:
        following = max(following, next_created(net, packets))
    return following


@compiled
def next_created(net: Routers, packets: Packets) -> int:
    """Return the cycle in which the next packet enters an empty queue, or ``NO_CYCLE``."""
    earliest = NO_CYCLE
    for node in range(net.sizes.nodes):
        packet = net.tiles.waiting[node]
        if packet != NOTHING and packets.created[packet] < earliest:
            earliest = packets.created[packet]
    return earliest


@compiled
def turns(who: int, last: int, size: int) -> int:
    """Return how many others a round-robin arbiter would serve before, after its last winner."""
    turn = who - last - 1
    return turn if turn >= 0 else turn + size


@entry
def queue_up(net: Routers, packets: Packets, first: int, end: int) -> None:
    """Append packets to the queues of their sources."""
    for packet in range(first, end):
        node = packets.source[packet]
        if net.tiles.waiting[node] == NOTHING:
            net.tiles.waiting[node] = packet
        else:
            packets.following[net.tiles.newest[node]] = packet
        net.tiles.newest[node] = packet


@compiled
def step(net: Routers, packets: Packets, now: int) -> None:
    """Simulate a cycle."""
    deliver(net, packets, now)
    for node in range(net.sizes.nodes):
        packet = net.tiles.waiting[node]
        if packet != NOTHING and packets.created[packet] <= now:
            inject(net, packets, node, packet, now)
    for router in range(net.sizes.routers):
        if net.occupied[router]:
            allocate_channels(net, packets, router, now)
            allocate_switch(net, packets, router, now)


@compiled
def deliver(net: Routers, packets: Packets, now: int) -> None:
    """Take in the flits and credits that are due."""
    turn = now % net.sizes.wheel
    for n in range(1, 2 * net.flying[turn, 0], 2):
        channel = net.flying[turn, n + 1]
        place = (net.inputs.first[channel] + net.inputs.held[channel]) % net.sizes.depth
        net.queue[channel * net.sizes.depth + place] = net.flying[turn, n]
        net.inputs.held[channel] += 1
        net.occupied[channel // (net.sizes.ports * net.sizes.vcs)] += 1
        if net.inputs.state[channel] == IDLE:
            begin(net, packets, channel, now)
        elif net.inputs.state[channel] == ACTIVE and net.inputs.held[channel] == 1:
            net.inputs.ready[channel] = now
    net.flying[turn, 0] = 0
    for n in range(1, 1 + net.returning[turn, 0]):
        net.outputs.credits[net.returning[turn, n]] += 1
        net.registers[BUSY] -= 1
    net.returning[turn, 0] = 0


@compiled
def begin(net: Routers, packets: Packets, channel: int, cycle: int) -> None:
    """Start on the packet whose first flit is at the front, in a cycle: route it."""
    packet = net.queue[channel * net.sizes.depth + net.inputs.first[channel]] >> 2
    router = channel // (net.sizes.ports * net.sizes.vcs)
    net.inputs.state[channel] = WANTS_CHANNEL
    net.inputs.ready[channel] = cycle + net.sizes.routing
    net.inputs.out[channel] = router * net.sizes.ports + route(
        net, router, packets.destination[packet]
    )


@compiled
def route(net: Routers, router: int, destination: int) -> int:
    """Return the output port towards a tile: x, then y; the shorter way round; straight across."""
    if net.sizes.kind == MESH:
        x, to_x = router % net.sizes.cols, destination % net.sizes.cols
        if x != to_x:
            return 0 if x < to_x else 1
        if router != destination:
            return 2 if router < destination else 3
        return 4
    if net.sizes.kind == RING:
        up = (destination - router) % net.sizes.nodes
        if up == 0:
            return 2
        return 0 if 2 * up <= net.sizes.nodes else 1
    return destination


@compiled
def inject(net: Routers, packets: Packets, node: int, packet: int, now: int) -> None:
    """Send the next flit of a network interface, if its channel has room."""
    base = (net.sizes.routers * net.sizes.ports + node) * net.sizes.vcs
    if net.tiles.sent[node] == 0:
        vc = free_channel(net, base, net.tiles.last_channel[node])
        if vc == NOTHING:
            return
        net.tiles.channel[node] = net.tiles.last_channel[node] = vc
        net.outputs.taken[base + vc] = 1
        packets.entered[packet] = now
    out = base + net.tiles.channel[node]
    if net.outputs.credits[out] == 0:
        return
    net.outputs.credits[out] -= 1
    flit = packet << 2 | (HEAD if net.tiles.sent[node] == 0 else 0)
    net.tiles.sent[node] += 1
    net.registers[FLITS_IN] += 1
    if net.tiles.sent[node] == packets.flits[packet]:
        flit |= TAIL
        net.outputs.taken[out] = 0
        net.tiles.sent[node] = 0
        net.tiles.waiting[node] = packets.following[packet]
    net.registers[BUSY] += 1
    send(net, flit, net.tiles.entry[node] + net.tiles.channel[node], now + 2)


@compiled
def free_channel(net: Routers, base: int, last: int) -> int:
    """Return a virtual channel for a new packet of an interface, the next one after the last."""
    for n in range(1, net.sizes.vcs + 1):
        vc = (last + n) % net.sizes.vcs
        if not net.outputs.taken[base + vc] and net.outputs.credits[base + vc]:
            return vc
    return NOTHING


@compiled
def send(net: Routers, flit: int, channel: int, cycle: int) -> None:
    """Have a flit reach an input channel in a cycle to come."""
    turn = cycle % net.sizes.wheel
    place = 2 * net.flying[turn, 0] + 1
    net.flying[turn, place], net.flying[turn, place + 1] = flit, channel
    net.flying[turn, 0] += 1


@compiled
def give_back(net: Routers, out: int, cycle: int) -> None:
    """Have a credit reach an output channel in a cycle to come."""
    turn = cycle % net.sizes.wheel
    net.returning[turn, 0] += 1
    net.returning[turn, net.returning[turn, 0]] = out
    net.registers[BUSY] += 1


@compiled
def allocate_channels(net: Routers, packets: Packets, router: int, now: int) -> None:
    """Give output channels to the packets at the front of input channels."""
    size = net.sizes.ports * net.sizes.vcs
    base, asking = router * size, 0
    for n in range(size):
        if net.inputs.state[base + n] == WANTS_CHANNEL and net.inputs.ready[base + n] <= now:
            net.inputs.ready[base + n] = now + net.sizes.vc_alloc
            asking += ask_channel(net, packets, router, n, asking)
    for n in range(asking):
        channel, out = net.asks[0, n], net.asks[1, n]
        if net.outputs.owner[out] == channel:
            net.inputs.vc_last[channel], net.outputs.vc_winner[out] = out - base, channel - base
            net.inputs.state[channel], net.inputs.out_vc[channel] = GETS_CHANNEL, out
            net.inputs.ready[channel] = now + net.sizes.vc_alloc - 1
            if net.sizes.vc_alloc == 1:
                take_channel(net, channel, now)
    for n in range(asking):
        net.outputs.owner[net.asks[1, n]] = NOTHING
    if net.sizes.vc_alloc > 1:
        for channel in range(base, base + size):
            if net.inputs.state[channel] == GETS_CHANNEL and net.inputs.ready[channel] == now:
                take_channel(net, channel, now)


@compiled
def ask_channel(net: Routers, packets: Packets, router: int, n: int, asking: int) -> int:
    """Ask for one of the free channels of the output ahead; return how many requests that is."""
    size = net.sizes.ports * net.sizes.vcs
    channel = router * size + n
    port = net.inputs.out[channel]
    low, high = 0, net.sizes.vcs
    if net.sizes.kind == RING and net.port.tile_of[port] == NOTHING:
        # beyond the place where the ring closes packets use other channels than before it
        packet = net.queue[channel * net.sizes.depth + net.inputs.first[channel]] >> 2
        ahead = packets.destination[packet] - router
        if (ahead < 0) == (port % net.sizes.ports == 0):
            low = net.sizes.vcs // 2
        else:
            high = net.sizes.vcs // 2
    out, nearest = NOTHING, size
    for candidate in range(port * net.sizes.vcs + low, port * net.sizes.vcs + high):
        turn = turns(candidate - router * size, net.inputs.vc_last[channel], size)
        if not net.outputs.taken[candidate] and turn < nearest:
            out, nearest = candidate, turn
    if out == NOTHING:
        return 0
    net.asks[0, asking], net.asks[1, asking] = channel, out
    turn = turns(n, net.outputs.vc_winner[out], size)
    if net.outputs.owner[out] == NOTHING or turn < net.outputs.best[out]:
        net.outputs.owner[out], net.outputs.best[out] = channel, turn
    return 1


@compiled
def take_channel(net: Routers, channel: int, now: int) -> None:
    """Take the output channel that was granted, unless it has gone meanwhile."""
    free = not net.outputs.taken[net.inputs.out_vc[channel]]
    if free:
        net.outputs.taken[net.inputs.out_vc[channel]] = 1
    net.inputs.state[channel] = ACTIVE if free else WANTS_CHANNEL
    net.inputs.ready[channel] = now + 1


@compiled
def allocate_switch(net: Routers, packets: Packets, router: int, now: int) -> None:
    """Give outputs to the flits at the front of input channels, one an input and an output."""
    base, asking = router * net.sizes.ports, 0
    for port in range(net.sizes.ports):
        channel = ask_output(net, base, port, now)
        if channel != NOTHING:
            out = net.inputs.out[channel]
            turn = turns(port, net.port.sw_winner[out], net.sizes.ports)
            if net.port.rival[out] == NOTHING:
                net.asks[0, asking] = out
                asking += 1
            if net.port.rival[out] == NOTHING or turn < net.port.rank[out]:
                net.port.rival[out], net.port.rank[out] = channel, turn
    if net.sizes.kind == BUS and asking > 1:
        asking = one_output(net, base, asking)
    for n in range(asking):
        out = net.asks[0, n]
        channel = net.port.rival[out]
        net.port.rival[out] = NOTHING
        port, vc = channel // net.sizes.vcs, channel % net.sizes.vcs
        net.port.sw_last[port], net.port.sw_winner[out] = out - base, port - base
        net.port.last_vc[port] = vc
        net.registers[LAST_OUTPUT] = out
        if net.sizes.sw_alloc == 1:
            forward(net, packets, channel, now)
        else:
            net.inputs.state[channel] = SENDS
            net.inputs.ready[channel] = now + net.sizes.sw_alloc - 1
    if net.sizes.sw_alloc > 1:
        finish_sending(net, packets, router, now)


@compiled
def ask_output(net: Routers, base: int, port: int, now: int) -> int:
    """Return the channel of an input port that asks for an output this cycle, or nothing."""
    chosen, nearest = NOTHING, net.sizes.ports * net.sizes.vcs
    for vc in range(net.sizes.vcs):
        channel = (base + port) * net.sizes.vcs + vc
        waiting = net.inputs.state[channel] == ACTIVE and net.inputs.held[channel] > 0
        if waiting and net.inputs.ready[channel] <= now:
            net.inputs.ready[channel] = now + net.sizes.sw_alloc
            if net.outputs.credits[net.inputs.out_vc[channel]]:
                out = net.inputs.out[channel] - base
                turn = turns(out, net.port.sw_last[base + port], net.sizes.ports)
                vc_turn = turns(vc, net.port.last_vc[base + port], net.sizes.vcs)
                turn = turn * net.sizes.vcs + vc_turn
                if turn < nearest:
                    chosen, nearest = channel, turn
    return chosen


@compiled
def one_output(net: Routers, base: int, asking: int) -> int:
    """Leave one request of those for all outputs: a bus carries one flit in a cycle."""
    chosen, nearest = net.asks[0, 0], net.sizes.ports
    for n in range(asking):
        turn = turns(net.asks[0, n], net.registers[LAST_OUTPUT], net.sizes.ports)
        if turn < nearest:
            chosen, nearest = net.asks[0, n], turn
    for n in range(asking):
        if net.asks[0, n] != chosen:
            net.port.rival[net.asks[0, n]] = NOTHING
    net.asks[0, 0] = chosen
    return 1


@compiled
def finish_sending(net: Routers, packets: Packets, router: int, now: int) -> None:
    """Send what was granted an output some cycles ago, unless credits have gone meanwhile."""
    size = net.sizes.ports * net.sizes.vcs
    for channel in range(router * size, (router + 1) * size):
        if net.inputs.state[channel] == SENDS and net.inputs.ready[channel] == now:
            net.inputs.state[channel], net.inputs.ready[channel] = ACTIVE, now + 1
            if net.outputs.credits[net.inputs.out_vc[channel]]:
                forward(net, packets, channel, now)


@compiled
def forward(net: Routers, packets: Packets, channel: int, now: int) -> None:
    """Send the flit at the front of a channel to its output."""
    flit = net.queue[channel * net.sizes.depth + net.inputs.first[channel]]
    port, out = net.inputs.out[channel], net.inputs.out_vc[channel]
    net.inputs.first[channel] = (net.inputs.first[channel] + 1) % net.sizes.depth
    net.inputs.held[channel] -= 1
    net.occupied[channel // (net.sizes.ports * net.sizes.vcs)] -= 1
    net.outputs.credits[out] -= 1
    behind = net.port.returns_to[channel // net.sizes.vcs] + channel % net.sizes.vcs
    beside = behind >= net.sizes.routers * net.sizes.ports * net.sizes.vcs
    give_back(net, behind, now + (2 if beside else net.sizes.link + 1 + net.sizes.credit))
    if net.port.tile_of[port] == NOTHING:
        net.port.crossed[port] += 1
        to = net.port.leads_to[port] + out % net.sizes.vcs
        send(net, flit, to, now + net.sizes.traversal + net.sizes.link + 1)
    else:
        leave(net, packets, flit, port, now + net.sizes.traversal + 2)
        give_back(net, out, now + net.sizes.traversal + 4 + net.sizes.credit)
    if flit & TAIL:
        net.outputs.taken[out] = 0
        net.inputs.state[channel] = IDLE
        if net.inputs.held[channel]:
            begin(net, packets, channel, now + 1)
    else:
        net.inputs.ready[channel] = now + 1


@compiled
def leave(net: Routers, packets: Packets, flit: int, port: int, cycle: int) -> None:
    """Let a flit out at its tile."""
    packet = flit >> 2
    net.registers[BUSY] -= 1
    net.registers[FLITS_OUT] += 1
    if packets.source[packet] != packets.destination[packet]:
        net.port.crossed[port] += 1
    if flit & TAIL:
        packets.arrived[packet] = cycle
        train = packets.train[packet]
        if train != NOTHING:
            packets.left[train] -= 1
            if packets.left[train] == 0:
                net.ended[0, net.registers[ENDED]] = train
                net.ended[1, net.registers[ENDED]] = cycle
                net.registers[ENDED] += 1
