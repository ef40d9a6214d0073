"""What was tried for a demand, kept by Optuna in a journal, so that the same command goes on.

Samples are drawn by the tree-structured Parzen estimator with two objectives, error and cost, and
constraints for what does not fit, keep the rate or learn well enough (Bergstra et al. 2011,
"Algorithms for hyper-parameter optimization"; Watanabe and Hutter 2023, "c-TPE", doi
10.24963/ijcai.2023/486). Each sample depends on the seed and on what was told before it, and on
nothing else.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from math import inf, log
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

from neurosim.errors import UserError
from neurosim.machine.parts import Fit
from neurosim.study.design.demand import Demand
from neurosim.study.design.judge import Verdict
from neurosim.study.design.space import Candidate, at, rungs, suggested

if TYPE_CHECKING:
    import optuna

#: Samples that are drawn by chance, before there is something to learn from.
BY_CHANCE = 12
_NAME = "design"


class Tried(NamedTuple):
    """A candidate that was trained, or could not be.

    Attributes
    ----------
    verdict, error
        What it is on the part, and the error from the seed that is built.
    failure
        Why it could not be trained.
    others
        The errors from other seeds, endless where one could not learn; None before that was tried.
    """

    verdict: Verdict
    error: float | None
    failure: str | None = None
    others: tuple[float, ...] | None = None

    @property
    def candidate(self) -> Candidate:
        """What was tried."""
        return self.verdict.candidate

    @property
    def promised(self) -> float:
        """The error that can be promised: its own, or the median of all seeds if that is larger."""
        if self.error is None:
            return inf
        return max(self.error, median((self.error, *(self.others or ()))))

    def meets(self, error: float | None) -> bool:
        """Say whether it was trained, and learnt well enough where that is asked."""
        return self.error is not None and (error is None or self.promised <= error)


class Trials:
    """The trials of a demand, in the journal at ``path``.

    Attributes
    ----------
    tried
        What was trained so far, with that of earlier calls.
    rejected
        How many candidates did not fit, or keep the rate.

    Raises
    ------
    UserError
        When Optuna is missing, or the journal cannot be read.
    """

    def __init__(self, demand: Demand, path: Path) -> None:
        self._optuna = _loaded()
        self._demand = demand
        self.tried: dict[Candidate, Tried] = {}
        self.rejected = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _mend(path)
            backend = self._optuna.storages.journal.JournalFileBackend(str(path))
            storage = self._optuna.storages.JournalStorage(backend)
            self._study = self._optuna.create_study(
                storage=storage, study_name=_NAME, directions=["minimize"] * 2, load_if_exists=True
            )
            self._read()
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UserError(
                f"{path}: cannot be read as the trials of a design ({error!s:.80})."
                " Name another folder with --out, or delete it to begin anew."
            ) from None

    def _read(self) -> None:
        states = self._optuna.trial.TrialState
        for trial in self._study.get_trials(deepcopy=False):
            if not trial.state.is_finished():  # an earlier call ended here
                self._study.tell(trial.number, state=states.FAIL)
            elif "verdict" in trial.user_attrs:
                candidate = at(trial.params)
                self._note(Tried(_verdict(candidate, trial.user_attrs["verdict"]),
                                 trial.user_attrs.get("error"),
                                 trial.user_attrs.get("failure")))  # fmt: skip
            self.rejected += trial.state is states.PRUNED

    def _note(self, tried: Tried) -> None:
        self.tried[tried.candidate] = tried

    def drawn(self, wanted: Candidate | None = None) -> Draw:
        """Return the next candidate: the one that is wanted, or a sample."""
        if wanted is not None:
            self._study.enqueue_trial(rungs(wanted))
        else:
            number = len(self._study.get_trials(deepcopy=False))
            with _quiet():
                self._study.sampler = self._optuna.samplers.TPESampler(
                    seed=(self._demand.seed + 1) * 1_000_003 + number,
                    n_startup_trials=BY_CHANCE,
                    multivariate=True,
                    constant_liar=True,
                )
        with _quiet():
            trial = self._study.ask()
            candidate = suggested(lambda name, count: trial.suggest_int(name, 0, count - 1))
        return Draw(trial, candidate)

    def reject(self, draw: Draw, verdict: Verdict) -> None:
        """Note that a candidate does not fit or keep the rate."""
        draw.trial.set_constraint("hardware", verdict.violation)
        self._study.tell(draw.trial, state=self._optuna.trial.TrialState.PRUNED)
        self.rejected += 1

    def drop(self, draw: Draw) -> None:
        """Note that nothing was learned from a draw."""
        self._study.tell(draw.trial, state=self._optuna.trial.TrialState.FAIL)

    def tell(self, draw: Draw, tried: Tried, again: bool = False) -> None:
        """Note what became of a candidate; ``again`` where that was known before."""
        if not again:
            self._note(tried)
            draw.trial.set_user_attr("verdict", _told(tried.verdict))
            for name in ("error", "failure"):
                draw.trial.set_user_attr(name, getattr(tried, name))
        if tried.error is None:
            self.drop(draw)
            return
        if not tried.verdict.good:
            self.reject(draw, tried.verdict)
            return
        draw.trial.set_constraint("hardware", 0.0)
        if self._demand.max_error is not None:
            draw.trial.set_constraint("error", log(tried.error / self._demand.max_error))
        self._study.tell(draw.trial, [log(tried.error), log(tried.verdict.cost)])


class Draw(NamedTuple):
    """A trial that has begun, and its candidate."""

    trial: optuna.trial.Trial
    candidate: Candidate


def _mend(path: Path) -> None:
    """Cut a last line that was being written when an earlier call was killed."""
    if not path.exists():
        return
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if 0 < whole < len(content):
        os.truncate(path, whole)


def _told(verdict: Verdict) -> dict[str, Any]:
    kept = ("part", "lanes", "cycles", "steps_per_second", "lacks", "short")
    fit = None if verdict.fit is None else asdict(verdict.fit)
    return {**{name: getattr(verdict, name) for name in kept}, "fit": fit}


def _verdict(candidate: Candidate, told: dict[str, Any]) -> Verdict:
    fit = None if told["fit"] is None else Fit(**told["fit"])
    return Verdict(candidate, **{**told, "fit": fit})


def _loaded() -> Any:
    try:
        import optuna
    except ImportError as error:
        raise UserError(
            f"design: needs Optuna ({error}). Install it: pip install 'neurosim-hdl[design]'"
        ) from None
    logging.getLogger("optuna").setLevel(logging.WARNING)
    return optuna


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Optuna's word that the multivariate sampler may still change to itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", category=_loaded().exceptions.ExperimentalWarning)
        yield
