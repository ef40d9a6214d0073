"""Random numbers drive a system with a memory of ten steps; its state is to be told.

NARMA-10 (Atiya and Parlos 2000, doi 10.1109/72.846741), learned by 20 fully recurrent units: the
state depends on what came ten steps ago, and on its product with what comes now.

Here the exact gradient pays, at 45 times the multiplications. Expect 0.15 of the variance from RTRL
and 0.54 from TRTRL, medians of three seeds. On the same series a linear filter of the last 10
inputs leaves 0.33, of the last 20 0.15 and of the last 40 0.14, so even RTRL has only found the
linear part after 50,000 steps.
"""

from neurosim.cli import run
from neurosim.study.scenario import NetworkSpec, RuleSpec, Scenario, TaskSpec

scenario = Scenario(
    name="narma10",
    summary="RTRL against TRTRL on the NARMA-10 system",
    network=NetworkSpec(topology="fully_recurrent", units=20),
    task=TaskSpec(name="narma10", steps=50_000),
    rule=RuleSpec(name="trtrl", learning_rate=0.01),
    compare=("rtrl", "trtrl"),
    machine="bus",
    seeds=(0, 1, 2),
)

if __name__ == "__main__":
    run(scenario)
