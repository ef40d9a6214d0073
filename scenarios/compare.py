"""RTRL against TRTRL: what each learns, and what each step of it costs.

The second test case of the TRTRL slides (Budik and Elhanany 2006; Liu and Elhanany 2008, doi
10.1109/TNN.2008.2000838): a fully recurrent network of 25 units predicts the chaotic Mackey-Glass
series one step ahead. RTRL follows the effect of every weight on every unit, about N^4
multiplications a step; TRTRL only that on the two units at its ends, about 10 N^2.

Expect errors of the same size from both, 0.0008 and 0.0009 of the target's variance, while TRTRL
multiplies 69 times less and keeps a thirteenth of RTRL's words. In cycles it gains only 9 times: so
little arithmetic is left that its units wait for the bus in five of six cycles.
"""

from neurosim.cli import run
from neurosim.study.scenario import NetworkSpec, RuleSpec, Scenario, TaskSpec

scenario = Scenario(
    name="compare",
    summary="RTRL against TRTRL on the Mackey-Glass series",
    network=NetworkSpec(topology="fully_recurrent", units=25),
    task=TaskSpec(name="mackey_glass", steps=30_000, tau=17.0, horizon=1),
    rule=RuleSpec(name="trtrl", learning_rate=0.05),
    compare=("rtrl", "trtrl"),
    machine="bus",
    seeds=(0, 1, 2, 3, 4),
)

if __name__ == "__main__":
    run(scenario)
