"""How near to the exact gradient each rule comes, and what that costs: `neurosim align alignment`.

The setting of Marschall, Cho and Savin (2020, JMLR 21(135)): 32 hidden tanh units with orthogonal
recurrent weights, softmax cross-entropy, the Add task, and RTRL learning slowly while all others
are shown its way. Their readouts are of the same step and these hear one step later, which the
delays make up for: 6 and 10 steps here are 5 and 9 there.

The paper's program gives cosines of 0.05 for UORO, 0.39 for KF-RTRL, 0.69 for RFLO with symmetric
and 0.04 with random feedback. Expect the same within 0.03; but random feedback says nothing about
the error, so what it scores is chance: 0 on average, with a spread of 0.14 from seed to seed.
UORO, KF-RTRL and r-OK read the error one hop back here, as there.
"""

from neurosim.cli import run
from neurosim.study.scenario import NetworkSpec, RuleSpec, Scenario, TaskSpec

scenario = Scenario(
    name="alignment",
    summary="how near to RTRL's each rule's gradient is, on the Add task",
    network=NetworkSpec(topology="elman", units=34, initial="orthogonal"),
    task=TaskSpec(name="online_add", delays=(6, 10), steps=1_000),
    rule=RuleSpec(name="rtrl", learning_rate=0.0001, readout="one_hop"),
    compare=(
        "hybrid",
        "bptt:window=10",
        "trtrl",
        "snap",
        "rflo",
        "rflo:feedback=random",
        "uoro",
        "kf_rtrl",
        "ok",
        "ok:rank=4",
        "rtrl",
    ),
    machine="none",
    seeds=(0, 1, 2, 3, 4, 5, 6, 7),
)

if __name__ == "__main__":
    run(scenario)
