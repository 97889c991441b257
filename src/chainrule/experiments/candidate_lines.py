"""The lines of ``metrics.jsonl`` that a search leaves, in one order whoever ends first."""

from collections.abc import Mapping
from typing import Any

from chainrule.experiments.families import to_toml
from chainrule.experiments.recorder import Recorder, finite
from chainrule.search.evaluation import Fit, Outcome
from chainrule.search.strategies.rounds import Round

__all__ = ["CandidateLines"]


class CandidateLines:
    """Writes a line for each candidate of each round, in the round's order, each as soon as it and
    those before it are known. A `chainrule.search.progress.Watcher`.

    ``said`` are the lines, so that a run that goes on can say them again.
    """

    def __init__(self, key: str, recorder: Recorder, splits: int, seeds: int) -> None:
        self.key, self.recorder = key, recorder
        self.fits = [(split, seed) for split in range(splits) for seed in range(seeds)]
        self.said: list[dict[str, Any]] = []
        self._ended: dict[Fit, Outcome] = {}
        self._known: dict[Fit, Outcome] = {}
        self._waiting: list[tuple[int, Mapping[str, Any]]] = []

    def round(self, asked: Round) -> None:
        self._known = dict(self._ended)
        self._waiting = [(candidate.number, candidate.parameters) for candidate, _ in asked.entries]
        self._say()

    def outcome(self, fit: Fit, outcome: Outcome) -> None:
        self._known[fit] = outcome
        if outcome.ended:
            self._ended[fit] = outcome
        self._say()

    def _say(self) -> None:
        while self._waiting:
            number, parameters = self._waiting[0]
            fits = [(number, *each) for each in self.fits]
            if any(fit not in self._known for fit in fits):
                return
            outcomes = [self._known[fit] for fit in fits]
            line = finite(
                {
                    "event": "candidate",
                    "model": self.key,
                    "number": number,
                    "parameters": {name: to_toml(value) for name, value in parameters.items()},
                    "folds": [outcome.test["score"] for outcome in outcomes],
                    "epochs": sum(outcome.epochs for outcome in outcomes) / len(outcomes),
                    "diverged": any(outcome.diverged for outcome in outcomes),
                }
            )
            self.said.append(line)
            self.recorder.write(**line)
            del self._waiting[0]
