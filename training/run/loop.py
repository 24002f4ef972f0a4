"""The training loop: one file, top to bottom."""

from __future__ import annotations

import contextlib
import math
import platform
import time
from collections.abc import Callable
from pathlib import Path

import torch
from clipseek.encoder.run.session import available_cores

from ..config import TrainConfig
from ..data.pairs import Pairs, check_usable, split_pairs
from ..errors import Diverged
from ..machine import keep_freed_memory, resolve_precision
from ..model.checkpoint import load_checkpoint
from ..model.weights import copied
from ..schedule import learning_rate_factor
from ..step.batch import make_batches
from ..step.distributed import World
from ..step.learner import Learner
from .run_folder import Event, RunFolder
from .state import save_checkpoint
from .validation import CHOICE_LOOKS, Figures, Validation

LOOKING = 0.1  # looks at the validation pairs take at most this share of the time
SAVE_SECONDS = 300.0  # no more work than this is lost where epochs are long


def train(
    config: TrainConfig,
    pairs: Pairs,
    out: Path,
    *,
    keep: Pairs | None = None,
    validation: Pairs | None = None,
    keep_validation: Pairs | None = None,
    resume: bool = False,
    on_event: Callable[[Event], None] = lambda event: None,
) -> Path:
    """Fine-tune ``config.base`` on ``pairs`` and return ``out/best``, a checkpoint folder; run_folder.py lists the rest.

    ``keep`` are general pairs mixed into each batch so that they are not forgotten; ``keep_validation`` measures whether
    they are. Without ``validation`` a share of the pairs' groups is held out. Under ``torchrun`` every process calls this
    with the same arguments. Raises UnusableData, ModelUnavailable, Diverged, and TrainingError where ``resume`` does not
    fit the run in ``out``.
    """
    check_usable(pairs)
    world = World()
    run = RunFolder(out, on_event, writes=world.chief)
    if resume and run.finished():
        return run.best
    started = time.perf_counter()
    torch.manual_seed(config.seed)
    # In a container torch counts the machine's cores, not those that it may use; processes share them.
    torch.set_num_threads(max(1, min(torch.get_num_threads(), available_cores() // world.size)))
    checkpoint = load_checkpoint(config.base)
    precision = resolve_precision(config.precision, world.device)
    if world.device.type == "cpu":
        keep_freed_memory()
    learner = Learner(checkpoint, config, precision, world)
    network = learner.network
    base = copied(network.state_dict())

    if validation is None:
        learn, held = split_pairs(pairs, config.validation_share, config.seed)
        if len({pairs.groups[row] for row in held}) >= 2 and len({pairs.groups[row] for row in learn}) >= 2:
            pairs, validation = pairs.take(learn), pairs.take(held)
    locked = config.lock == "both" and not config.unlock_layers
    looks = Validation(validation, keep_validation, precision, config.seed, locked)
    maker = make_batches(config, checkpoint, pairs, keep, world, precision if locked else None, run.tell)
    total_steps = max(1, round(config.epochs * maker.steps_per_epoch))

    fingerprint = pairs.fingerprint()
    state = run.resume(config, fingerprint) if resume else None
    run.tell(
        {
            "event": "start",
            "pairs": len(pairs),
            "validation_pairs": 0 if validation is None else len(validation),
            "steps": total_steps,
            "step": state["step"] if state is not None else 0,
            "precision": precision,
            "device": str(world.device) if world.size == 1 else f"{world.size} x {world.device.type}",
        }
    )
    step, tuned, best_mrr, worse = 0, base, -1.0, 0
    if state is None:
        run.start(config, _environment(world, precision, fingerprint, len(pairs)))
        before = looks.look(checkpoint)
        run.record({"event": "look", "step": 0, **before})
    else:
        learner.load_state_dict(state["learner"])
        torch.set_rng_state(state["random"])
        step, best_mrr, worse, tuned, before = (state[name] for name in ("step", "best_mrr", "worse", "best", "before"))
        started -= state["spent"]
        looks.seconds = state["look_seconds"]
    # The end of a timed run: what is left after the last step goes into choosing and saving the weights.
    limit = math.inf
    if config.minutes is not None:
        limit = config.minutes * 60
        after = (CHOICE_LOOKS if config.interpolate else 0) + 1
        limit = world.agreed(max(0.5 * limit, limit - after * looks.seconds - 1.0))
    alpha = 1.0

    def provenance(figures: Figures | None = None) -> Event:
        about = {"base": config.base, "data": fingerprint, "recipe": config.as_dict(), "steps": step, "alpha": alpha}
        return about if figures is None else {**about, "validation": figures}

    def consider() -> bool:
        """Look, and keep the weights if they are the best so far."""
        nonlocal best_mrr, tuned, worse
        with learner.averaged() as weights:
            figures = looks.look(checkpoint)
            run.record({"event": "look", "step": step, **figures})
            better = figures["validation_mrr"] > best_mrr
            worse = 0 if better else worse + 1
            if better:
                best_mrr, tuned = figures["validation_mrr"], copied(weights)
                if run.writes:
                    save_checkpoint(checkpoint, run.best, provenance())
        return better

    def save() -> None:
        run.save(
            {
                "learner": learner.state_dict(),
                "random": torch.get_rng_state(),
                "step": step,
                "best": tuned,
                "best_mrr": best_mrr,
                "worse": worse,
                "before": before,
                "look_seconds": looks.seconds,
                "spent": time.perf_counter() - started,
                "data": fingerprint,
            }
        )

    first_time = saved_at = time.perf_counter()
    waiting = aside = 0.0  # seconds spent waiting for data, and on looks and saves, which are not spent on pairs
    pairs_seen = 0
    with contextlib.closing(maker.ahead(step, total_steps)) as batches:
        while step < total_steps and (elapsed := world.agreed(time.perf_counter() - started)) < limit:
            if config.patience is not None and worse >= config.patience:
                run.record({"event": "stopped", "step": step, "looks": worse})
                break
            fetching = time.perf_counter()
            batch = next(batches)
            waiting += time.perf_counter() - fetching
            progress = max(step / total_steps, elapsed / limit)
            rate = config.learning_rate * learning_rate_factor(progress, config.warmup, config.schedule)
            value = learner.gradients(batch)
            if not math.isfinite(value):
                kept = f"; the best weights before are in {run.best}" if run.best.is_dir() else ""
                raise Diverged(
                    f"the loss became {value} at step {step + 1}; lower --lr (it is {config.learning_rate:g}) or use "
                    f"--precision fp32, and run again{kept}"
                )
            learner.update(rate)
            step += 1
            pairs_seen += len(batch)

            now = time.perf_counter()
            seconds = now - first_time - aside
            run.record(
                {
                    "event": "step",
                    "step": step,
                    "epoch": step / maker.steps_per_epoch,
                    "loss": value,
                    "learning_rate": rate,
                    "scale": float(checkpoint.model.logit_scale.detach().exp()),
                    "pairs_per_second": pairs_seen / seconds,
                    "waiting": waiting / seconds,
                    "seconds": now - started,
                    "progress": max(step / total_steps, (now - started) / limit),
                }
            )
            epoch_ends = step % maker.steps_per_epoch == 0
            if epoch_ends and config.keep_epochs and run.writes:
                with learner.averaged():
                    save_checkpoint(checkpoint, out / f"epoch-{step // maker.steps_per_epoch}", provenance())
            if epoch_ends and step < total_steps and looks and world.agreed(_affordable(config, looks, now - started)):
                consider()
            if (epoch_ends and step < total_steps) or now - saved_at > SAVE_SECONDS:
                save()
                saved_at = time.perf_counter()
            aside += time.perf_counter() - now
    if looks and run.history[-1]["event"] != "look":
        consider()
    training_seconds = time.perf_counter() - started
    speed = pairs_seen / max(1e-9, time.perf_counter() - first_time - aside)

    network.eval()
    with learner.averaged() as weights:
        if config.choose == "last" or not looks:
            tuned = copied(weights)
        if run.writes:
            save_checkpoint(checkpoint, out / "last", provenance())
    final: Figures = {}
    network.load_state_dict(tuned)
    if looks and config.interpolate:
        choice, final = looks.interpolate(checkpoint, base, tuned, before, config.keep_loss)
        alpha = choice.alpha
        run.record({"event": "interpolate", "step": step, "alpha": alpha, "curve": [list(row) for row in choice.curve]})
    elif looks:
        final = looks.look(checkpoint)
    if run.writes:
        save_checkpoint(checkpoint, run.best, provenance(final))
    summary = {
        **provenance(final),
        "before": before,
        "pairs_seen": pairs_seen,
        "pairs_per_second": speed,
        "training_seconds": training_seconds,
        "seconds": time.perf_counter() - started,
    }
    done = {"event": "done", "step": step, "alpha": alpha, "pairs_per_second": speed, **final}
    run.record({**done, **{f"before_{name}": value for name, value in before.items()}})
    run.finish(summary)
    return run.best


def _affordable(config: TrainConfig, looks: Validation, elapsed: float) -> bool:
    """A run that must end on time does not spend it on looking; any other looks after each epoch."""
    return config.minutes is None or looks.spent + looks.seconds <= LOOKING * elapsed


def _environment(world: World, precision: str, fingerprint: str, pairs: int) -> Event:
    import transformers

    device = world.device
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.processor() or platform.machine()
    return {
        "device": name,
        "processes": world.size,
        "precision": precision,
        "threads": torch.get_num_threads(),
        "pairs": pairs,
        "data": fingerprint,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
    }
