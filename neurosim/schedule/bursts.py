"""RTRL on lanes: every unit's sensitivities to all weights, one burst of words after the other.

Unit l's burst goes over the bus into all unit banks, word by word, while the burst before is used:
every lane adds ``w_kl`` times the burst to the running sums of each of its neurons k, which are
exact and as wide as the accumulator. The last burst narrows them. All lanes walk through the same
words, so one walk over all edges serves every pass, and an instruction says from where.

A lane whose neuron does not hear unit l multiplies by a weight of zero: a lane cannot skip what
others do. The array form and the messages in ``learning/rtrl.py`` do skip it; the words are equal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from neurosim.learning.inference import Inference
from neurosim.model.neuron import Memory, Neuron, Surroundings
from neurosim.model.operations import Operation, Words
from neurosim.schedule.lowering import OLD, Lowering
from neurosim.schedule.passes import Act, Operand, Pass, Slot, Source, Walk
from neurosim.schedule.walks import filled

P, SUM, GRADIENT = "p", "sum", "g"
BUFFERS = ("burst0", "burst1")
SCALAR, UNIT = Operand(Source.SCALAR), Source.UNIT
PHASE = "sensitivity"


@dataclass(frozen=True)
class Frame(Inference):
    """What RTRL does before and after its sensitivities: the forward pass, and the update."""

    def memories(self, neuron: Neuron, network: Surroundings) -> tuple[Memory, ...]:
        """The gradient."""
        return (Memory(GRADIENT, neuron.edges),)

    def program(self, neuron: Neuron, network: Surroundings, phase: int = 0) -> Iterator[Operation]:
        """The forward pass, then the update."""
        yield from super().program(neuron, network, phase)
        yield from self.update(neuron, network, Words(GRADIENT, 0, neuron.edges))


class Bursts:
    """The passes between the forward pass and the update."""

    def __init__(self, lowering: Lowering) -> None:
        self.placement = lowering.placement
        network = lowering.programs.network
        self.units = network.neurons[: len(network.units)]
        self.outputs = [self.units[network.numbers[o]] for o in network.outputs]
        self.edges = len(network.edges)
        self.hosts = max(map(len, self.placement.lanes))
        self.lowering = lowering

    def lay_out(self) -> None:
        """Give the bursts their places; one more weight stays zero."""
        place = self.placement
        place.add(P, Source.Y, self.hosts * self.edges)
        place.add(SUM, Source.X, self.hosts * self.edges)
        for buffer in BUFFERS:
            place.add(buffer, UNIT, self.edges)
        place.depths[Source.WEIGHT] = place.edges + 1

    def passes(self) -> Iterator[Pass]:
        """Yield all passes in their order."""
        speakers: list[Neuron | None] = [u for u in self.units if set(u.targets) & self._numbers]
        speakers += [None] * (2 - len(speakers))
        if speakers[0] is not None:
            yield self._all("send p", send=speakers[0], buffer=0)
        for n, speaker in enumerate(speakers):
            following = speakers[n + 1] if n + 1 < len(speakers) else None
            if n == len(speakers) - 1:
                yield self._own_sources()
            yield from self._accumulate(n, speaker, following, last=n == len(speakers) - 1)
        for host in range(self.hosts):
            yield self._load(f"slope of neuron {host}", host, Operand(UNIT, "slope"), PHASE)
            yield self._all(
                "p = slope * sum", left=SCALAR, right=Operand(Source.X, SUM, host * self.edges),
                to=Operand(Source.Y, P, host * self.edges),
            )  # fmt: skip
        for k, output in enumerate(self.outputs):
            yield from self._gradient(k, output)

    @property
    def _numbers(self) -> set[int]:
        return {u.number for u in self.units}

    def _accumulate(
        self, n: int, speaker: Neuron | None, following: Neuron | None, last: bool
    ) -> Iterator[Pass]:
        """Add a unit's burst to the sums of all neurons, and send the next one meanwhile."""
        for host in range(self.hosts):
            shift = host * self.edges
            name = "nobody" if speaker is None else str(speaker.number)
            yield self._load_weights(f"weights from {name}", host, speaker)
            yield self._all(
                f"sum {'=' if n == 0 else '+='} w * p",
                send=following if host == 0 else None,
                buffer=(n + 1) % 2,
                left=SCALAR,
                right=Operand(UNIT, BUFFERS[n % 2]),
                plus=None if n == 0 else Operand(Source.X, SUM, shift, wide=True),
                to=Operand(Source.X, SUM, shift, wide=not last),
            )

    def _all(
        self, name: str, send: Neuron | None = None, buffer: int = 0, phase: str = PHASE,
        **operands: Operand | None,
    ) -> Pass:  # fmt: skip
        """Make a pass of all lanes over all edges."""
        walk: Walk = tuple(Slot(Act.WORD, e, e, send=True) for e in range(self.edges))
        made = Pass(name, phase, (walk,) * len(self.placement.lanes), **operands)  # type: ignore[arg-type]
        if send is None:
            return replace(made, only=-1)
        lane = self.placement.lane[send.number]
        source = Operand(Source.Y, P, self._host(send) * self.edges)
        return replace(made, only=lane, send=source, send_to=BUFFERS[buffer])

    def _host(self, unit: Neuron) -> int:
        """Return which of its lane's neurons a unit is."""
        return self.placement.lanes[self.placement.lane[unit.number]].index(unit)

    def _load_weights(self, name: str, host: int, speaker: Neuron | None) -> Pass:
        nothing = self.placement.edges  # the weight that stays zero
        walks = []
        for lane in self.placement.lanes:
            edge = nothing
            if host < len(lane) and speaker is not None and speaker.number in lane[host].units:
                slot = lane[host].units.index(speaker.number)
                edge = self.placement.first[lane[host].number] + slot
            walks.append((Slot(Act.LOAD, edge),))
        return Pass(name, PHASE, tuple(walks), scalar=Operand(Source.WEIGHT, "w"))

    def _load(self, name: str, host: int, scalar: Operand, phase: str) -> Pass:
        place = self.placement.place
        walks = tuple(
            (Slot(Act.LOAD, 0, place[lane[host].number]) if host < len(lane) else Slot(Act.IDLE),)
            for lane in self.placement.lanes
        )
        return Pass(name, phase, walks, scalar=scalar)

    def _own_sources(self) -> Pass:
        """Add ``z_j`` to the sums of the unit that owns the weight."""
        runs = []
        for lane in self.placement.lanes:
            run: list[Slot] = []
            for host, unit in enumerate(lane):
                for n in range(unit.edges):
                    edge = host * self.edges + unit.first_edge + n
                    run.append(Slot(Act.WORD, edge, self.lowering.source(unit.sources, n)))
            runs.append(run)
        return Pass(
            "sum += z", PHASE, filled(runs), left=Operand(Source.MINUS_ONE), subtract=True,
            right=Operand(UNIT, OLD), plus=Operand(Source.X, SUM, wide=True),
            to=Operand(Source.X, SUM, wide=True),
        )  # fmt: skip

    def _gradient(self, k: int, output: Neuron) -> Iterator[Pass]:
        """Send ``e_o p^o`` to everyone; each adds what belongs to its own edges."""
        lane, buffer, phase = self.placement.lane[output.number], BUFFERS[k % 2], "gradient"
        place = self.placement.place[output.number]
        walks = tuple(
            (Slot(Act.LOAD, 0, place) if p == lane else Slot(Act.IDLE),)
            for p in range(len(self.placement.lanes))
        )
        yield Pass(f"error of output {k}", phase, walks, scalar=Operand(UNIT, "error"))
        share = self._all(
            "share = error * p", phase=phase, left=SCALAR,
            right=Operand(Source.Y, P, self._host(output) * self.edges), to=Operand(UNIT, buffer),
        )  # fmt: skip
        yield replace(share, only=lane, alone=True, to_unit=True)
        runs = [
            [
                Slot(Act.WORD, self.placement.first[unit.number] + n, unit.first_edge + n)
                for unit in hosts
                for n in range(unit.edges)
            ]
            for hosts in self.placement.lanes
        ]
        own = Operand(self.placement.banks[GRADIENT], GRADIENT)
        yield Pass(
            "g += share" if k else "g = share", phase, filled(runs), subtract=True,
            left=Operand(Source.MINUS_ONE), right=Operand(UNIT, buffer),
            plus=own if k else None, to=own,
        )  # fmt: skip
