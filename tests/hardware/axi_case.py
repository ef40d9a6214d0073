"""A small chip on AXI, and what its bench has to know of it, as the software model computes it."""

from pathlib import Path

import numpy as np

import neurosim as ns
from myhdl_core.assemble import assemble
from myhdl_core.axi.interface import interface_of
from myhdl_core.axi.registers import Access, registers
from myhdl_core.emit import emit
from neurosim.engines.cells import encoded_rate
from neurosim.model.arithmetic import Format
from neurosim.study.graphs import graph_from
from neurosim.study.hardware import axi, planned
from neurosim.study.hardware import map as word_map
from neurosim.study.hardware.check import Model
from neurosim.study.hardware.places import kept_words

RULE = ns.TRTRL(0.05)


class Made:
    """A small chip in a folder, and all that the bench has to know of it."""

    def __init__(
        self,
        folder: Path,
        number: ns.Fixed,
        lanes: int,
        inputs: tuple[str, ...] = ("x",),
        outputs: int = 1,
    ) -> None:
        built = graph_from("fully_recurrent", units=3, inputs=inputs, outputs=outputs)
        self.network = ns.Network(*built, seed=5)
        self.number, self.folder = number, folder
        self.assembled = assemble(planned(self.network, RULE, number, lanes), number)
        self.plan = self.assembled.learning
        self.rate = int(encoded_rate(number, RULE))
        layout = word_map.table(self.plan, number)
        self.interface = interface_of(self.assembled, self.rate, layout)
        emit(self.assembled.program, folder)
        axi.write(self.assembled, number, RULE, folder)

    def address(self, lane: int, bank: int, address: int) -> int:
        chip = self.interface
        number = ((lane << 2 | bank) << chip.address_bits) + address
        return (1 << chip.base_bits) + (number << chip.word_shift)

    def words(self, model: Model, *names: str) -> list[tuple[int, int]]:
        """Return where words stand in the window, and what they are in the model."""
        found = []
        for name, kept in kept_words(self.plan).items():
            if not names or name in names:
                raw, lanes, places = model.raw(name).ravel(), kept.lane.ravel(), kept.place.ravel()
                for lane, place, value in zip(lanes, places, raw, strict=True):
                    at = self.address(int(lane), kept.bank, kept.offset + int(place))
                    found.append((at, int(value)))
        return found

    def case(self, steps: int) -> dict[str, object]:
        """Return everything that the bench needs, as the model computes it."""
        number, rng, chip = self.number, np.random.default_rng(3), self.interface
        x = number.encode(rng.uniform(-1, 1, (steps, chip.inputs)))
        target = number.encode(rng.uniform(-0.9, 0.9, (steps, chip.outputs)))
        samples = np.concatenate([x, target], axis=1).tolist()
        model = Model(self.network, RULE, number)
        weights, before = self.words(model, "w"), self.named(model, "w", Format.WEIGHT)
        outputs, named = [], {}
        for n in range(steps):
            outputs.append(model.sample(x[n], target[n], True).tolist())
            if n == 11:
                named = self.after(model)
        listed = registers(chip)
        return {
            "word_bits": chip.word_bits,
            "fraction_bits": chip.fraction_bits,
            "wide": chip.wide,
            "base": 1 << chip.base_bits,
            "offsets": {r.name: r.offset for r in listed},
            "registers": [
                {"name": r.name, "offset": r.offset, "value": r.value, "written": r.written,
                 "held": sum(f.mask for f in r.fields if f.access is Access.WRITE)}
                for r in listed
            ],
            "cycles": [self.plan.cycles, self.assembled.inference.cycles],
            "rate": self.rate,
            "learning_rate": self.rate / (1 << chip.word_bits - 1),
            "weights": weights,
            "heaviest": int(number.ranges[Format.WEIGHT].high),
            "samples": samples,
            "outputs": outputs,
            "final": self.words(model),
            "named": {"weights": before, **named},
            "nowhere": self.nowhere(),
            "edges": [self.address(0, bank, depth - 1) for bank, depth in enumerate(chip.depths)],
            "driver": str(self.folder / axi.DRIVER),
            **self.changing(samples),
        }  # fmt: skip

    def nowhere(self) -> list[int]:
        """Return addresses in the window where no word is, of which there may be none."""
        chip, found = self.interface, []
        for bank, depth in enumerate(chip.depths):
            found += [self.address(chip.lanes - 1, bank, depth)] * (depth < 1 << chip.address_bits)
        if chip.lanes < 1 << chip.lane_bits:
            found.append(self.address(chip.lanes, 0, 0))
        return found

    def changing(self, samples: list[list[int]]) -> dict[str, object]:
        """Return steps with other settings each, and the words after them."""
        model, rng = Model(self.network, RULE, self.number), np.random.default_rng(4)
        listed = []
        for n in range(16):
            learn, rate = n % 3 != 1, int(rng.integers(0, 4 * self.rate))
            model._rate = np.asarray(rate)
            x, target = np.split(np.array(samples[n]), [self.interface.inputs])
            output = model.sample(x, target, learn).tolist()
            listed.append({"learn": learn, "rate": rate, "sample": samples[n], "output": output})
        return {"changing": listed, "changed": self.words(model)}

    def named(self, model: Model, name: str, form: Format) -> list[tuple[list[str], float]]:
        values = self.number.decode(model.raw(name), form).tolist()
        return [(list(edge), v) for edge, v in zip(self.network.edges, values, strict=True)]

    def after(self, model: Model) -> dict[str, object]:
        """Return what the driver is to read, by names."""
        y = self.number.decode(model.activations).tolist()
        states = {name: self.named(model, name, Format.WORD) for name in ("a", "b")}
        both = set(self.network.edges)
        states["b"] = [(e, v) for e, v in states["b"] if tuple(e[::-1]) in both and e[0] != e[1]]
        return {
            "after": self.named(model, "w", Format.WEIGHT),
            "activations": dict(zip(self.network.units, y, strict=True)),
            "states": states,
        }
