"""Tasks of memory: delayed copying, the copy task, adding, and the online Add task."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neurosim.errors import UserError
from neurosim.study.checks import short, whole
from neurosim.study.series import REACH, Series, classes, one_hot, single
from neurosim.study.tasks.lengths import MOST_AHEAD, STANDARD_STEPS, in_words

MOST_SYMBOLS = 100
# The two delays of the Add task, and the weights of the two bits.
DELAYS = (5, 9)
HALF, FIRST, SECOND = 0.5, 0.5, 0.25
SHORTEST_SUM = 4


def delayed_copy(steps: int | None, random: np.random.Generator, delay: int = 5) -> Series:
    """See random signs, answer with the one of ``delay`` steps ago.

    Values are +-0.8. The first targets are signs from before the first step. The task asks for a
    memory of ``delay`` steps and nothing else (as in Jaeger 2002, "Short term memory in echo state
    networks", GMD report 152).
    """
    back = whole("task delayed_copy: delay", delay, most=MOST_AHEAD)
    length = steps or STANDARD_STEPS
    signs = np.array([-REACH, REACH])[random.integers(0, 2, length + back)]
    origin = f"random signs, copied after {in_words(back)}"
    return single(signs[back:], signs[:length], ("sign", "copy"), origin, scale=1 / REACH)


def copy(
    steps: int | None,
    random: np.random.Generator,
    symbols: int = 8,
    length: int = 10,
    delay: int = 10,
) -> Series:
    """See ``length`` symbols, wait ``delay`` steps, and repeat the symbols in order.

    One of ``symbols`` random symbols a step; then ``delay`` blanks, the last of which is a mark
    that asks for the answer; then ``length`` blanks during which the answer is the symbols, and
    blank at any other step. After that it begins anew. All one-hot, so there are ``symbols + 2``
    inputs and ``symbols + 1`` classes. Accuracy counts at the answers alone (Hochreiter and
    Schmidhuber 1997, "Long short-term memory", doi 10.1162/neco.1997.9.8.1735, in the form of
    Arjovsky, Shah and Bengio 2016, "Unitary evolution recurrent neural networks", arXiv
    1511.06464).
    """
    known = whole("task copy: symbols", symbols, least=2, most=MOST_SYMBOLS)
    listed = whole("task copy: length", length, most=MOST_AHEAD)
    wait = whole("task copy: delay", delay, most=MOST_AHEAD)
    count, period = steps or STANDARD_STEPS, 2 * listed + wait
    rounds = -(-count // period)
    said = random.integers(0, known, (rounds, listed))
    blank, mark = known, known + 1
    seen = np.full((rounds, period), blank)
    asked = np.full((rounds, period), blank)
    seen[:, :listed], seen[:, -listed - 1], asked[:, -listed:] = said, mark, said
    names = [f"s{n}" for n in range(known)]
    return classes(
        inputs=one_hot(seen.ravel()[:count], known + 2),
        targets=one_hot(asked.ravel()[:count], known + 1),
        input_names=[*names, "blank", "mark"],
        target_names=[*(f"copy_{name}" for name in names), "copy_blank"],
        origin=f"{in_words(listed, 'symbol')} out of {known}, repeated after {in_words(wait)}",
        judged=(asked.ravel() != blank)[:count],
    )


def adding(steps: int | None, random: np.random.Generator, length: int = 20) -> Series:
    """See random numbers, two of them marked, answer with their sum at the end of the sequence.

    Sequences of ``length`` steps. Each step shows a number between -1 and 1, and a mark that is 1
    for two of them, -1 at the first and the last step, and otherwise 0. Of the steps between, one
    of the first half and one of the second half are marked. At the last step the target is
    ``0.8 (a + b) / 2``, and before it is 0 (Hochreiter and Schmidhuber 1997, "Long short-term
    memory", Neural Computation 9, doi 10.1162/neco.1997.9.8.1735, experiment 4, with places drawn
    in halves as is usual since).
    """
    period = whole("task adding: length", length, least=SHORTEST_SUM, most=MOST_AHEAD)
    count = steps or STANDARD_STEPS
    rounds = np.arange(-(-count // period))
    numbers = random.uniform(-1, 1, (len(rounds), period))
    first = random.integers(1, period // 2, len(rounds))
    second = random.integers(period // 2, period - 1, len(rounds))
    marks, sums = np.zeros_like(numbers), np.zeros_like(numbers)
    marks[:, 0] = marks[:, -1] = -1
    marks[rounds, first] = marks[rounds, second] = 1
    sums[:, -1] = numbers[rounds, first] + numbers[rounds, second]
    return Series(
        inputs=np.stack([numbers.ravel()[:count], marks.ravel()[:count]], axis=1),
        targets=sums.reshape(-1, 1)[:count] * (REACH / 2),
        input_names=("number", "mark"),
        target_names=("sum",),
        origin=f"two marked numbers of {period}, added at the end",
        scale=(2 / REACH,),
        offset=(0.0,),
        distinct=count,
    )


def online_add(
    steps: int | None, random: np.random.Generator, delays: Sequence[int] = DELAYS
) -> Series:
    """See random bits, answer with a weighted sum of two earlier ones, at every step.

    ``y(t) = 0.5 + 0.5 x(t - 5) - 0.25 x(t - 9)`` with x 0 or 1; ``delays`` changes the 5 and the 9.
    Shown are x and 1 - x, asked for are y and 1 - y, which sum to one: two classes whose targets
    are probabilities. The Add task of Marschall, Cho and Savin 2020, "A unified framework of online
    learning algorithms for training recurrent neural networks", JMLR 21(135), with the delays of
    their program. The first bits are from before the first step.
    """
    if len(delays) != 2:
        raise UserError(f"task online_add: delays: must be two, such as 5,9 (got {short(delays)}).")
    near, far = (whole("task online_add: delays", delay, most=MOST_AHEAD) for delay in delays)
    count, back = steps or STANDARD_STEPS, max(near, far)
    x = random.integers(0, 2, count + back).astype(np.float64)
    t = np.arange(back, count + back)
    y = HALF + FIRST * x[t - near] - SECOND * x[t - far]
    return classes(
        inputs=np.stack([x[t], 1 - x[t]], axis=1),
        targets=np.stack([y, 1 - y], axis=1),
        input_names=("x", "not_x"),
        target_names=("y", "not_y"),
        origin=f"0.5 + 0.5 x(t - {near}) - 0.25 x(t - {far}) of random bits",
    )
