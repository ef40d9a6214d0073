"""What is said of proofs and of a netlist, and that a netlist of another length is no model."""

import numpy as np
import pytest

import neurosim as ns
from myhdl_core.formal import Proof
from neurosim.cli import hardware
from neurosim.cli.findings import Findings
from neurosim.model.arithmetic import Format
from neurosim.report.proof import print_netlist, print_proved
from neurosim.report.terminal import console
from neurosim.study.hardware import proof
from neurosim.study.hardware.check import Model
from neurosim.study.hardware.proof import NetlistChecked, Proved
from tests.hardware import small_chip

NUMBER, RULE = ns.Fixed(), ns.TRTRL(0.05)


def test_every_property_is_printed_with_what_became_of_it(capsys):
    held = Proof("axi", "", (("stays", "It stays."),), "abc pdr", 0, 1.5, "proved")
    missed = Proof(
        "step", "", (("ends", "It ends."), ("begins", "It begins.")), "abc bmc3", 1200, 9.0,
        "failed", "ends", "not so in cycle 7: It ends.",
    )  # fmt: skip
    found = Proved((held, missed))
    print_proved(found, console())
    said = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "axi proved abc pdr, for all time, 2 s" in said
    assert "stays It stays." in said
    assert "step failed abc bmc3, 1,200 cycles, 9 s" in said
    assert "ends failed It ends." in said
    assert "begins open It begins." in said
    assert "not so in cycle 7: It ends." in said
    assert (held.holds, found.passed) == (True, False)
    assert list(hardware._wrong(Findings(proved=found))) == ["step: ends"]


class Simulated:
    """A netlist that computes what the model does, and takes too long in some steps."""

    def __init__(self, late: tuple[int, ...]) -> None:
        self.assembled, _ = small_chip.small(2)
        self.schedule, self.rule, self.number = self.assembled.learning, RULE, NUMBER
        self._late, self._steps, self.cycles = late, 0, 0
        self._model = Model(self.schedule.network, RULE, NUMBER)

    def step(self, x, target, learn):
        plan = self.assembled.learning if learn else self.assembled.inference
        self.cycles = plan.cycles + (self._steps in self._late)
        self._steps += 1
        sample, wanted = (NUMBER.encode(np.asarray(each)) for each in (x, target))
        return NUMBER.decode(self._model.sample(sample, wanted, learn))

    @property
    def weight_vector(self):
        return NUMBER.decode(self._model.raw("w"), Format.WEIGHT)

    @property
    def sensitivities(self):
        return {name: NUMBER.decode(self._model.raw(name)) for name in ("a", "b")}


@pytest.mark.parametrize("late", [(), (3,), (4, 10)])
def test_a_netlist_of_another_length_is_not_the_model(late, capsys):
    core = Simulated(late)
    x = np.sin(np.arange(20) / 2)
    found = NetlistChecked(*proof._compared(core, x, 0.8 * x), 1.0, 2.0)
    assert (found.differing, found.cycles_differing) == (0, len(late))
    assert found.passed == (not late)
    print_netlist(found, console())
    said = " ".join(capsys.readouterr().out.split())
    if not late:
        assert said.endswith("words in 20 steps: 0 differ; all equal to the model")
        return
    plan = core.assembled.inference if late[0] == 10 else core.assembled.learning
    first = f"step {late[0]}: {plan.cycles + 1:,} cycles, {plan.cycles:,} expected"
    assert said.endswith(f"0 differ, steps of another length: {len(late)}; {first}")
    assert list(hardware._wrong(Findings(netlist=found))) == [
        f"the netlist differs from the model: {first}"
    ]
