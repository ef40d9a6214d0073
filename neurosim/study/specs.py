"""The parts of a scenario: which network, which series, which rule, in which numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from neurosim.errors import UserError
from neurosim.study.checks import number, whole

STANDARD_TOPOLOGY = "fully_recurrent"
# The tasks that are made of a file of the user's.
READING_FILES = ("csv", "text")


@dataclass(frozen=True)
class NetworkSpec:
    """Which network: a topology by name, or a graph file.

    Attributes
    ----------
    topology
        Name of a topology on the shelf (fully_recurrent), or a file that builds one.
    file
        A graph of your own (node-link JSON or GraphML), in place of a topology.
    units
        How many units the topology gets.
    density
        Fraction of the possible edges that are drawn (sparse_random).
    neighbours
        Neighbours of each unit (small_world, scale_free).
    rewiring
        Probability that an edge is rewired (small_world).
    layers
        Units of each layer, such as 8,8 (layered).
    self_loops
        Whether units see themselves (ring, sparse_random, tournament).
    options
        What a topology of your own takes besides: --network.options.NAME VALUE.
    inputs
        Names of the nodes that carry the inputs.
    outputs
        Names of the units that are trained, or how many a topology gets.
    activation
        tanh, logistic or linear.
    leak
        How far a unit goes to its new activation in a step, above 0 and at most 1 (1).
    loss
        What the error is measured by: squared or cross_entropy (what the task says, or squared).
    initial
        How weights begin: uniform (the default), or orthogonal among units that are no outputs.
    seed
        Draws the edges of a random topology.
    """

    topology: str | None = None
    file: str | None = None
    units: int | None = None
    density: float | None = None
    neighbours: int | None = None
    rewiring: float | None = None
    layers: tuple[int, ...] | None = None
    self_loops: bool | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    inputs: tuple[str, ...] | None = None
    outputs: tuple[str, ...] | None = None
    activation: str = "tanh"
    leak: float | None = None
    loss: Literal["squared", "cross_entropy"] | None = None
    initial: Literal["uniform", "orthogonal"] | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        # what a topology makes of its options is the topology's to judge
        if self.file is not None and self.topology is not None:
            raise UserError(f"file: the topology {self.topology} is named too. Give one of them.")
        if self.file is None and self.topology is None:
            object.__setattr__(self, "topology", STANDARD_TOPOLOGY)
        if self.units is not None:
            whole("units", self.units)
        if self.leak is not None:
            number("leak", self.leak, 0, 1)
        whole("seed", self.seed, least=0)


@dataclass(frozen=True)
class TaskSpec:
    """Which series is learned.

    Attributes
    ----------
    name
        Name of a task, such as mackey_glass; csv for a file of your own.
    steps
        Steps of training.
    tau
        Delay of the equation (mackey_glass).
    period
        Steps in a period of the input (frequency_doubler).
    horizon
        How many steps ahead the target lies (mackey_glass, lorenz, henon, laser_simulated,
        statsmodels, river, csv).
    delay
        Steps that an input has to be kept (delayed_copy), or between what is shown and what is
        asked for (copy).
    delays
        How many steps back the two bits lie that are added (online_add), such as 5,9.
    length
        Steps of a sequence (adding), or symbols to be repeated (copy).
    symbols
        How many different symbols there are (copy).
    longest
        The largest n (an_bn).
    by
        What is shown in one step: row or pixel (digits).
    alphabet
        all characters, or letters alone (text).
    dataset
        Which data of a package (statsmodels, river).
    data
        A file of your own: CSV, or a text for the task text. A CSV file makes the task csv.
    input
        Columns of the data that the network sees (csv, statsmodels, river).
    target
        Columns of the data that the network predicts (csv, statsmodels, river).
    passes
        How often the data is gone through, in place of steps (csv, text, statsmodels, river).
    seed
        Draws what is random in a series.
    """

    name: str = "mackey_glass"
    steps: int | None = None
    tau: float | None = None
    period: float | None = None
    horizon: int | None = None
    delay: int | None = None
    delays: tuple[int, ...] | None = None
    length: int | None = None
    symbols: int | None = None
    longest: int | None = None
    by: str | None = None
    alphabet: str | None = None
    dataset: str | None = None
    data: str | None = None
    input: str | None = None
    target: str | None = None
    passes: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        # the other fields are judged by the task that takes them
        if self.steps is not None:
            whole("steps", self.steps)
        whole("seed", self.seed, least=0)
        if self.data is not None and self.name not in READING_FILES:
            raise UserError(f"data: the task {self.name} reads no file. Use the task csv or text.")


@dataclass(frozen=True)
class RuleSpec:
    """Which learning rule, and how fast it learns.

    Attributes
    ----------
    name
        A rule by name (`neurosim list`), with options as in trtrl:literal=true, or a file.
    learning_rate
        Size of a weight's step along the gradient; where it is 0.01, that of the rule's own file.
    literal
        TRTRL as the slides state it, with sensitivities for every output.
    ingress_only
        TRTRL without the sensitivities of outgoing links.
    self_terms
        TRTRL with the terms of a unit's own loop.
    placement
        Who keeps TRTRL's egress sensitivities: the unit itself, or the owner of the weight.
    window
        Steps that truncated BPTT looks back.
    every
        Steps from one pass back of truncated BPTT to the next.
    block
        Steps from one update of the hybrid to the next (as many as the network has units).
    rank
        How many Kronecker products r-OK keeps.
    readout
        Where UORO, KF-RTRL and r-OK read gradients: from the outputs' state, or one_hop before.
    order
        The n of SnAp-n: steps after which it keeps what a weight has moved.
    feedback
        How the error gets to the units of RFLO and e-prop: symmetric or random.
    feedback_seed
        Draws the weights of random feedback.
    kappa
        How much of its past e-prop's filter keeps a step: 1 - leak of the outputs.
    depth
        Layers that the error of focused backpropagation goes back through.
    ridge
        How much the squares of weights weigh beside those of errors (rls, ridge).
    forgetting
        What an error weighs a step later (rls).
    washout
        Steps at the beginning that ridge does not collect.
    until
        Steps after which ridge solves for the weights (all).
    teacher_forcing
        Whether units hear an output's target in its place while it learns (rls, ridge).
    a_plus
        What a pair of spikes gives at no distance (stdp).
    a_minus
        What a pair of spikes takes at no distance (stdp).
    tau_plus
        Steps in which what a pair gives falls to 1/e (stdp).
    tau_minus
        Steps in which what a pair takes falls to 1/e (stdp).
    w_max
        The largest weight of stdp, whose smallest is 0.
    options
        What a rule of your own takes besides: --rule.options.NAME VALUE.
    """

    name: str = "trtrl"
    learning_rate: float = 0.01
    literal: bool = False
    ingress_only: bool = False
    self_terms: bool = True
    placement: Literal["unit", "owner"] = "unit"
    window: int | None = None
    every: int = 1
    block: int | None = None
    rank: int = 1
    readout: Literal["state", "one_hop"] | None = None
    order: int = 1
    feedback: Literal["symmetric", "random"] = "symmetric"
    feedback_seed: int = 0
    kappa: float = 0.0
    depth: int = 1
    ridge: float = 1e-5
    forgetting: float = 1.0
    washout: int = 0
    until: int | None = None
    teacher_forcing: bool = False
    a_plus: float = 0.005
    a_minus: float = 0.00525
    tau_plus: float = 20.0
    tau_minus: float = 20.0
    w_max: float = 1.0
    options: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        number("learning_rate", self.learning_rate, 0, 1e6)
        if self.window is not None:
            whole("window", self.window)
        whole("every", self.every)
        if self.block is not None:
            whole("block", self.block)
        whole("rank", self.rank)
        whole("order", self.order, least=0)
        whole("feedback_seed", self.feedback_seed, least=0)
        number("kappa", self.kappa, 0, 1)
        whole("depth", self.depth)


@dataclass(frozen=True)
class NumberSpec:
    """Which numbers the network computes with.

    Attributes
    ----------
    kind
        float or fixed; naming any width of fixed point means fixed.
    float_bits
        Bits of a float: 64 or 32.
    word_bits
        Bits of an operand (16).
    fraction_bits
        Bits of them after the point (four less than word_bits).
    weight_bits
        Bits of a weight (32).
    weight_fraction_bits
        Bits of them after the point (eight less than weight_bits).
    table_bits
        The activation table has two to the power of this many intervals (9).
    """

    kind: Literal["float", "fixed"] | None = None
    float_bits: int | None = None
    word_bits: int | None = None
    fraction_bits: int | None = None
    weight_bits: int | None = None
    weight_fraction_bits: int | None = None
    table_bits: int | None = None

    def __post_init__(self) -> None:
        widths = {name: getattr(self, name) for name in WIDTHS}
        given = [name for name, bits in widths.items() if bits is not None]
        if self.kind == "float" and given:
            raise UserError(f"{given[0]}: a float has no such width. Drop it, or use kind fixed.")
        object.__setattr__(self, "kind", self.kind or ("fixed" if given else "float"))
        if self.kind == "fixed":
            if self.float_bits is not None:
                raise UserError("float_bits: fixed point has no such width. Drop it, or use float.")
            self._fill(widths)

    def _fill(self, widths: dict[str, int | None]) -> None:
        word = widths["word_bits"] or 16
        weight = widths["weight_bits"] or 32
        standard = (word, max(1, word - 4), weight, max(1, weight - 8), 9)
        for name, bits in zip(WIDTHS, standard, strict=True):
            object.__setattr__(self, name, bits if widths[name] is None else widths[name])


WIDTHS = ("word_bits", "fraction_bits", "weight_bits", "weight_fraction_bits", "table_bits")
