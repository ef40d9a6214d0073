"""Letters of a book, each foretold from those before it, in bits per character.

A simple recurrent network (Elman 1990) reads "Alice's adventures in wonderland" letter by letter,
says how probable each next letter is, and learns from the one that comes: 27 symbols, softmax and
cross entropy, 12 hidden units.

Expect 3.78 bits per character from RTRL and 3.77 from TRTRL in the last tenth of the 30,000 steps,
and every fourth letter right. Counting single letters as they come gives 4.07 there, and counting
pairs 3.29, so this is the beginning of a curve: more steps, more units and `--task.alphabet all` go
on from here. A text of your own: `neurosim compare text --data FILE.txt`.
"""

from neurosim.cli import run
from neurosim.study.scenario import NetworkSpec, RuleSpec, Scenario, TaskSpec

scenario = Scenario(
    name="text",
    summary="RTRL against TRTRL on the letters of a book",
    network=NetworkSpec(topology="elman", units=39),
    task=TaskSpec(name="text", data="alice", alphabet="letters", steps=30_000),
    rule=RuleSpec(name="trtrl", learning_rate=0.025),
    compare=("rtrl", "trtrl"),
    machine="bus",
)

if __name__ == "__main__":
    run(scenario)
