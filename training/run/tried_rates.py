"""The learning rates among which ``auto`` chooses."""

from __future__ import annotations

from ..config import TrainConfig
from .recipes import LORA_FACTOR

#: Learning rates that are tried, for bases above and below ``LARGE`` parameters.
RATES = {True: (3e-6, 1e-5, 3e-5), False: (1e-4, 3e-4, 1e-3)}


def rates(large: bool, config: TrainConfig) -> tuple[float, ...]:
    """The learning rates that are tried."""
    factor = 1.0 if config.lora is None else LORA_FACTOR
    return tuple(rate * factor for rate in RATES[large])


def rate_is_given(config: TrainConfig) -> bool:
    """Whether the rounds have a learning rate of somebody's choice, so that none is tried."""
    return config.learning_rate != TrainConfig.learning_rate
