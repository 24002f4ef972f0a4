"""What is compared: the base, the talk's best run as it was, the same with its rate tuned on validation, and ours."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from ..config import TrainConfig
from ..run.recipes import RECIPES, TALK_PAIRS, from_recipe

RUN = "talk/run-5"
#: Learning rates among which validation chooses: the talk's, and up to ten times less and more.
RATES = (5e-6, 1.5e-5, 5e-5, 1.5e-4, 5e-4)
#: Rates are compared after so many of the run's epochs.
TUNED_EPOCHS = 1.0
BASE, AS_IT_WAS, TUNED, OURS = "base", "run-5 as it was", "run-5, rate tuned", "ours (auto)"
#: MRR@1, 3, 5, 10 and 20 that the talk gives for ImageCLEF: captions ranked for a picture, in batches of 64.
PUBLISHED = {
    "the talk's baseline": (0.42580, 0.53402, 0.55837, 0.57349, 0.57829),
    "the talk's run-5": (0.80200, 0.87170, 0.87743, 0.87966, 0.88002),
}


@dataclass(frozen=True)
class Settings:
    """``pairs``: to train on. ``epochs``: of run-5. ``precision``: the talk's was fp32."""

    base: str
    pairs: int
    seeds: int = 1
    rates: tuple[float, ...] = RATES
    epochs: float = RECIPES[RUN]["epochs"]
    precision: str = "fp32"

    @property
    def samples(self) -> int:
        """Pairs that run-5 draws in an epoch: the same share as it did of the talk's."""
        drawn: int = RECIPES[RUN]["samples"]
        return max(2, round(drawn * self.pairs / TALK_PAIRS))

    def talk(self, seed: int, rate: float | None = None) -> TrainConfig:
        """Run-5 at ``rate``, else at its own."""
        own = {"base": self.base, "seed": seed, "precision": self.precision, "keep_epochs": False}
        return from_recipe(RUN, samples=self.samples, epochs=self.epochs, learning_rate=rate, **own)

    def trial(self, rate: float) -> TrainConfig:
        """A short run-5 by which a rate is judged."""
        return dataclasses.replace(self.talk(0, rate), epochs=min(TUNED_EPOCHS, self.epochs))

    def ours(self, seed: int, seconds: float) -> TrainConfig:
        """The default recipe, in as many seconds as the tuned run-5 took."""
        return from_recipe("auto", base=self.base, seed=seed, precision=self.precision, minutes=seconds / 60)


def preferred(found: dict[float, float]) -> tuple[float, str]:
    """Rate -> validation MRR@10 of run-5: the best rate, and a line that says it."""
    best = max(found, key=lambda rate: found[rate])
    said = ", ".join(f"{rate:g} {value:.3f}" for rate, value in found.items())
    return best, f"rate of run-5 by validation MRR@10: {best:g} of {said}"
