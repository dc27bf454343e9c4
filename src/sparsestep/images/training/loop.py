"""Mini-batch SGD on images: one replicate of one run (paper: section 4)."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from sparsestep import schedules
from sparsestep.artifacts.arrays import Trajectory
from sparsestep.images.algorithm import Spec as Options
from sparsestep.images.networks import initial
from sparsestep.images.networks import state as image_state
from sparsestep.images.problem import Spec as Problem
from sparsestep.images.replicate import Images
from sparsestep.images.training.augmentation import crop_and_flip
from sparsestep.images.training.devices import MEMORY_FORMAT, Device
from sparsestep.images.training.epochs import Drawing, Epoch
from sparsestep.images.training.momentum import Sgd
from sparsestep.images.training.resume import Keeper, Memory
from sparsestep.training import snapshot_iterations

# Pixels added at each side before a crop.
PADDING = 4
# A loss beyond this times ln K is an explosion. Batch norm keeps exploding networks finite for
# long, and transient peaks of those that recover stay far below.
EXPLODED = 1e3


def train(
    images: Images,
    spec: dict,
    device: Device | None = None,
    keeper: Keeper | None = None,
    progress: Callable[[int, float], None] = lambda iteration, loss: None,
) -> Trajectory:
    """Train the one replicate of `spec["replicates"]`, [r, r], by mini-batch SGD.

    `spec` holds `problem`, `model`, `algorithm`, `schedule`, `snapshots` (blocks of config.yaml),
    `iterations` (T) and `replicates`. Snapshots hold parameters and running statistics of batch
    norm. A batch's loss that is not finite, or beyond `EXPLODED` times ln K, what guessing among K
    classes costs, is a result: the run has diverged at that iteration, and its snapshots are NaN
    from there on. It has diverged at T where the last update leaves what is not finite. `keeper`
    keeps checkpoints, from which a run that was interrupted goes on; on the CPU the result is the
    same, bit for bit. `progress` gets the iteration and the epoch's mean loss at the end of each.
    """
    device, keeper = device or Device(), keeper or Memory()
    iterations = spec["iterations"]
    kept = snapshot_iterations(iterations, spec["snapshots"])
    step_sizes = schedules.from_spec(spec["schedule"]).step_sizes(iterations)
    run = Run.started(images, spec, device)
    batch_loss = torch.full((iterations,), torch.nan, device=device.name)
    start = keeper.restore(run, batch_loss, kept)
    at, largest = set(kept.tolist()), EXPLODED * np.log(images.classes)
    # Losses from before an interruption are looked at again: it may have come before that was done.
    checked, diverged_at, epoch = 0, -1, None
    for t in range(start, iterations + 1):
        number, batch = divmod(t, run.per_epoch)
        if t in at or t == iterations or batch == 0:
            # Only now and then: reading a loss waits for the device.
            diverged_at = _first_divergence(batch_loss, checked, t, largest)
            if diverged_at >= 0:
                keeper.keep_checkpoint(t, run, batch_loss, last=True)
                break
            checked = t
        if batch == 0 and t > start:
            progress(t, batch_loss[t - run.per_epoch : t].mean().item())
        if t in at:
            keeper.keep_snapshot(t, image_state.flatten(run.network))
        if t == iterations:
            diverged_at = _after_the_last_update(run, t)
            # The trajectory is not written before the job's other replicates are trained.
            keeper.keep_checkpoint(t, run, batch_loss, last=True)
            break
        keeper.keep_checkpoint(t, run, batch_loss)
        if batch == 0 or epoch is None:
            epoch = run.drawing.epoch(number, device.name)
        batch_loss[t] = run.update(images, epoch, batch, step_sizes[t])
    if diverged_at >= 0:
        batch_loss[diverged_at:] = torch.nan
    return _trajectory(spec, kept, keeper, step_sizes, batch_loss, diverged_at)


@dataclass
class Run:
    """Everything an update reads and changes."""

    network: torch.nn.Module
    forward: Callable[[torch.Tensor], torch.Tensor]
    sgd: Sgd
    drawing: Drawing
    device: Device
    per_epoch: int

    @classmethod
    def started(cls, images: Images, spec: dict, device: Device) -> "Run":
        """The run before its first update."""
        problem, options = Problem(**spec["problem"]), Options(**spec["algorithm"])
        first, _ = spec["replicates"]
        replicate = range(first, first + 1)
        (init_seed,), (order_seed,) = problem.of("init", replicate), problem.of("order", replicate)
        channels = images.x_train.shape[1]
        network = initial.from_spec(spec["model"], channels, images.classes, init_seed)
        network = network.to(device.name, memory_format=MEMORY_FORMAT).train()
        drawing = Drawing(
            order_seed=order_seed,
            images=len(images.x_train),
            batch_size=problem.batch_size,
            classes=images.classes,
            crop_padding=PADDING if options.augment else None,
            label_noise=options.label_noise,
        )
        forward = torch.compile(network) if device.compile else network
        per_epoch = len(images.x_train) // problem.batch_size
        return cls(network, forward, Sgd(network, options), drawing, device, per_epoch)

    def update(self, images: Images, epoch: Epoch, batch: int, step_size: float) -> torch.Tensor:
        """One step on one batch; its loss, still on the device."""
        chosen = epoch.order[batch]
        x = images.standardised(images.x_train[chosen])
        if epoch.crops is not None:
            x = crop_and_flip(x, epoch.crops_of(batch), PADDING)
        y = images.y_train[chosen]
        if epoch.noisy is not None:
            y = torch.where(epoch.noisy[batch], epoch.label[batch], y)
        with self.device.autocast():
            logits = self.forward(x.to(memory_format=MEMORY_FORMAT))
            loss = functional.cross_entropy(logits, y)
        self.sgd.forget_gradients()
        loss.backward()
        self.sgd.update(step_size)
        return loss.detach()


def _first_divergence(batch_loss: torch.Tensor, start: int, end: int, largest: float) -> int:
    """The first iteration in [start, end) whose loss is not at most `largest`; -1: none."""
    # False for NaN.
    bad = (~(batch_loss[start:end] <= largest)).nonzero()
    return start + int(bad[0]) if len(bad) else -1


def _after_the_last_update(run: Run, iterations: int) -> int:
    """T where it left something that is not finite, and no loss follows that would show it."""
    return -1 if bool(image_state.flatten(run.network).isfinite().all()) else iterations


def _trajectory(
    spec: dict,
    kept: np.ndarray,
    keeper: Keeper,
    step_sizes: np.ndarray,
    batch_loss: torch.Tensor,
    diverged_at: int,
) -> Trajectory:
    reached = kept < diverged_at if diverged_at >= 0 else np.ones(len(kept), dtype=bool)
    # Every run has a snapshot at iteration 0, before anything can diverge.
    state = np.full((1, len(kept), len(keeper.snapshot(0))), np.nan, dtype=np.float32)
    for column in np.flatnonzero(reached):
        state[0, column] = keeper.snapshot(int(kept[column]))
    if spec["snapshots"].get("bfloat16"):
        state = image_state.as_bfloat16(state)
    # After the last update there is no step size to come; the last one stands for it.
    taken = step_sizes[np.minimum(kept, len(step_sizes) - 1)]
    return Trajectory(
        iterations=kept,
        parameters=state,
        step_sizes=taken[None],
        diverged_at=np.array([diverged_at]),
        spec=spec,
        batch_loss=batch_loss.cpu().numpy()[None],
    )
