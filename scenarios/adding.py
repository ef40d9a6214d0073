"""Random bits go in; at every step a weighted sum of two earlier ones is to come out.

The Add task of Marschall, Cho and Savin (2020, JMLR 21(135)): 0.5 + 0.5 x(t - 5) - 0.25 x(t - 9),
told as a probability, by 16 hidden units of a simple recurrent network (Elman 1990).

Here the exact gradient pays. Expect 0.011 of the variance from RTRL, which has found both bits, and
0.097 from TRTRL, which has found the farther one in part: without it 0.2 remain. In bits, that is
0.662 and 0.702, where 0.656 is the best possible. Medians of three seeds, 50,000 steps.
"""

from neurosim.cli import run
from neurosim.study.scenario import NetworkSpec, RuleSpec, Scenario, TaskSpec

scenario = Scenario(
    name="adding",
    summary="RTRL against TRTRL on adding the bits of five and nine steps ago",
    network=NetworkSpec(topology="elman", units=18),
    task=TaskSpec(name="online_add", delays=(5, 9), steps=50_000),
    rule=RuleSpec(name="trtrl", learning_rate=0.01),
    compare=("rtrl", "trtrl"),
    machine="bus",
    seeds=(0, 1, 2),
)

if __name__ == "__main__":
    run(scenario)
