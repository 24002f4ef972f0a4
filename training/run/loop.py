"""The training loop: set up, then step, validate and save, then choose the weights. ``train`` is the order, the rest follows it."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch

from ..config import TrainConfig
from ..data.pairs import Pairs, check_usable
from ..errors import Diverged, OutOfTime
from ..model.weights import copied
from ..step.batch import Batch
from ..step.distributed import World
from ..step.optimizer import learning_rate_factor
from .ownership import alone, check_own
from .run_folder import Event, RunFolder
from .setup import Run
from .validation import Figures

VALIDATING = 0.1  # validation takes at most this share of the time of a run that must end on time
SAVE_SECONDS = 300.0  # no more work than this is lost where epochs are long
SAVE_LEAST = 10.0  # and where epochs are short, writing weights to disk does not take longer than training them


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
    fit the run in ``out``, where that holds other things than a run, where another training writes there, and where
    ``config.minutes`` are over before the first step.
    """
    # ------------------------------------------------------------------------------------------------------- setup
    check_usable(pairs)
    world = World()
    if world.chief:
        check_own(out)
    folder = RunFolder(out, on_event, writes=world.chief)
    if resume and folder.finished():
        return folder.best
    with alone(out) if world.chief else contextlib.nullcontext():
        run = Run(config, folder, world, pairs, keep, validation, keep_validation)
        run.begin(resume)
        _check_time(run)
        with contextlib.closing(run.maker.ahead(run.state.step, run.total_steps)) as batches:
            while (progress := _progress(run)) < 1 and not _out_of_patience(run):
                # ------------------------------------------------------------------------------------------ one step
                _take_step(run, batches, progress)
                # ------------------------------------------------------------------------ validation and checkpoints
                _validate_and_save(run)
        # -------------------------------------------------------------------------------------- choosing the weights
        _choose_weights(run)
    return folder.best


def _check_time(run: Run) -> None:
    """Raises OutOfTime where no step can be taken: the weights would be the base's."""
    if run.state.step == 0 and _progress(run) >= 1:
        raise OutOfTime(
            f"{run.config.minutes:g} minutes were over before the first step: reading, holding out and validating took "
            f"{run.state.seconds:.0f} s; allow more with --minutes, or name the pairs to validate on with --validation"
        )


def _progress(run: Run) -> float:
    """How much of the run is over, from 0: of its steps or of its time, whichever is further."""
    done = run.state.step / run.total_steps
    return done if math.isinf(run.time_limit) else max(done, run.world.agreed(run.state.seconds) / run.time_limit)


def _take_step(run: Run, batches: Iterator[Batch], progress: float) -> None:
    """Update the weights by the next batch. Raises Diverged where its loss is no number."""
    config, state = run.config, run.state
    fetching = time.perf_counter()
    batch = next(batches)
    run.waiting += time.perf_counter() - fetching
    rate = config.learning_rate * learning_rate_factor(progress, config.warmup, config.schedule)
    loss = run.learner.gradients(batch)
    if not math.isfinite(loss):
        best = run.folder.best
        run.save_best()
        kept = f"; the best weights before are in {best}" if best.is_dir() else ""
        raise Diverged(
            f"the loss became {loss} at step {state.step + 1}; lower --lr (it is {config.learning_rate:g}) or use "
            f"--precision fp32, and run again{kept}"
        )
    run.learner.update(rate)
    state.step += 1
    run.pairs_seen += len(batch)
    elapsed, on_pairs = state.seconds, run.seconds_on_pairs()
    run.folder.record(
        {
            "event": "step",
            "step": state.step,
            "epoch": state.step / run.maker.steps_per_epoch,
            "loss": loss,
            "learning_rate": rate,
            "scale": float(run.checkpoint.model.logit_scale.detach().exp()),
            "pairs_per_second": run.pairs_seen / on_pairs,
            "waiting": run.waiting / on_pairs,
            "seconds": elapsed,
            "progress": max(state.step / run.total_steps, elapsed / run.time_limit),
        }
    )


def _validate_and_save(run: Run) -> None:
    """After a step: at the end of an epoch validate, and save unless that was done just now; else save where it is long ago."""
    started = time.perf_counter()
    epoch, into_epoch = divmod(run.state.step, run.maker.steps_per_epoch)
    if into_epoch == 0 and run.config.keep_epochs:
        with run.learner.averaged():
            run.save(run.folder.path / f"epoch-{epoch}")
    epoch_ends = into_epoch == 0 and run.state.step < run.total_steps
    if epoch_ends and run.validation:
        # A run that must end on time does not spend it on validation; any other validates after each epoch.
        cost = run.state.all_passes_seconds + run.state.last_pass_seconds
        if run.config.minutes is None or run.world.agreed(cost <= VALIDATING * run.state.seconds):
            _validate(run)
    if started - run.saved_at > (SAVE_LEAST if epoch_ends else SAVE_SECONDS):
        run.save_best()
        random = torch.get_rng_state()
        run.folder.save(
            {"run": run.state.state_dict(), "learner": run.learner.state_dict(), "random": random, "data": run.data}
        )
        run.note_pictures()
        run.saved_at = time.perf_counter()
    run.aside += time.perf_counter() - started


def _out_of_patience(run: Run) -> bool:
    """Whether the last ``config.patience`` validation passes found no better model."""
    passes = run.state.passes_since_best
    if run.config.patience is None or passes < run.config.patience:
        return False
    run.folder.record({"event": "stopped", "step": run.state.step, "passes": passes})
    return True


def _validate(run: Run) -> None:
    """Keep the weights if they are the best so far."""
    state = run.state
    run.measure_base()
    with run.learner.averaged() as weights:
        figures = run.measure()
        if figures["validation_mrr"] <= state.best_mrr:
            state.passes_since_best += 1
            return
        state.best_mrr, state.best, state.passes_since_best = figures["validation_mrr"], copied(weights), 0
        run.best_is_saved = False


def _choose_weights(run: Run) -> None:
    """Write the last weights, and the best: on the line between the base's and the fine-tuned ones."""
    config, state, folder = run.config, run.state, run.folder
    if run.validation and folder.history[-1]["event"] != "validation":
        started = time.perf_counter()
        _validate(run)
        run.aside += time.perf_counter() - started
    training_seconds, speed = state.seconds, run.pairs_seen / run.seconds_on_pairs()
    run.learner.network.eval()
    with run.learner.averaged() as weights:
        if config.choose == "last" or not run.validation:
            state.best = copied(weights)
        run.save(folder.path / "last")
    run.learner.network.load_state_dict(state.best)
    alpha, final = 1.0, Figures()
    if run.validation and config.interpolate:
        chosen, final = run.validation.interpolate(run.checkpoint, run.base, state.best, state.before, config.keep_loss)
        alpha, curve = chosen.alpha, [list(row) for row in chosen.curve]
        folder.record({"event": "interpolate", "step": state.step, "alpha": alpha, "curve": curve})
    elif run.validation:
        final = run.validation.measure(run.checkpoint)
    provenance = run.save(folder.best, alpha, validation=final)
    if unreadable := run.note_pictures():
        folder.notify({"event": "unreadable", "number": len(unreadable), "files": unreadable[:20]})
    done = {"event": "done", "step": state.step, "alpha": alpha, "pairs_per_second": speed, **final}
    folder.record({**done, **{f"before_{name}": value for name, value in state.before.items()}})
    folder.finish(
        {
            **provenance,
            "before": state.before,
            "pairs_seen": run.pairs_seen,
            "pairs_per_second": speed,
            "training_seconds": training_seconds,
            "seconds": state.seconds,
        }
    )
