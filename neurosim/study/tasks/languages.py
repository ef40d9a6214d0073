"""Tasks of formal languages: foretelling the next symbol of a^n b^n."""

from __future__ import annotations

import numpy as np

from neurosim.study.checks import whole
from neurosim.study.series import Series, classes, one_hot
from neurosim.study.tasks.lengths import STANDARD_STEPS

SYMBOLS = ("start", "a", "b")
START, A, B = range(3)
LONGEST = 1_000


def an_bn(steps: int | None, random: np.random.Generator, longest: int = 5) -> Series:
    """See strings a^n b^n one symbol a step, answer with the next symbol.

    Strings follow each other, each behind the symbol ``start``, with n drawn evenly from 1 to
    ``longest``. As many b have to be counted as there were a (Gers and Schmidhuber 2001, "LSTM
    recurrent networks learn simple context-free and context-sensitive languages", IEEE
    Transactions on Neural Networks 12, doi 10.1109/72.963769; there the symbol behind a string is
    one of its own). Nothing but the end of the a is chance, so the best possible is
    ``log2(longest) / (longest + 2)`` bits a symbol.
    """
    most = whole("task an_bn: longest", longest, most=LONGEST)
    count = steps or STANDARD_STEPS
    text: list[int] = []
    while len(text) <= count:
        n = int(random.integers(1, most + 1))
        text += [START, *[A] * n, *[B] * n]
    codes = np.array(text)
    return classes(
        inputs=one_hot(codes[:count], len(SYMBOLS)),
        targets=one_hot(codes[1 : count + 1], len(SYMBOLS)),
        input_names=SYMBOLS,
        target_names=[f"next_{symbol}" for symbol in SYMBOLS],
        origin=f"strings a^n b^n, n to {most}, the next symbol",
    )
