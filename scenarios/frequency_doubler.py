"""A sine goes in, a sine of twice the frequency is to come out.

The first test case of the TRTRL slides (Budik and Elhanany 2006; Liu and Elhanany 2008, doi
10.1109/TNN.2008.2000838), with 15 fully recurrent units. The same input value calls for different
answers on its way up and on its way down, so the network has to remember where it came from.

Expect both rules to follow the target closely in the end: the median of five seeds is below 0.001
of its variance with either. Here the exact gradient pays, for RTRL comes out about forty times
nearer, at 26 times the multiplications; single seeds of either rule need longer.
"""

from neurosim.cli import run
from neurosim.study.scenario import NetworkSpec, RuleSpec, Scenario, TaskSpec

scenario = Scenario(
    name="frequency_doubler",
    summary="RTRL against TRTRL on doubling the frequency of a sine",
    network=NetworkSpec(topology="fully_recurrent", units=15),
    task=TaskSpec(name="frequency_doubler", steps=100_000, period=12.0),
    rule=RuleSpec(name="trtrl", learning_rate=0.0035),
    compare=("rtrl", "trtrl"),
    machine="bus",
    seeds=(0, 1, 2, 3, 4),
)

if __name__ == "__main__":
    run(scenario)
