"""Training networks on images, against a plain PyTorch loop: images/s, losses, memory, overheads.

    python -m benchmarks.deep            on the device there is
    python -m benchmarks.deep --compile  with torch.compile

The images are random with a different mean for each class, of the shape of CIFAR-10 on a GPU and of
the digits on a CPU. The peer is eager float32: parameters and images in PyTorch's default layout,
images in the computer's memory, standardised once, a batch copied to the device at each step.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from benchmarks.timing import Row, print_header, print_table
from sparsestep import measures, schedules
from sparsestep.images.networks import initial
from sparsestep.images.replicate import Images
from sparsestep.images.training.devices import MEMORY_FORMAT, Device
from sparsestep.images.training.epochs import Drawing
from sparsestep.images.training.loop import train
from sparsestep.images.training.resume import Folder

SNAPSHOTS = 20
# What a checkpoint every ten minutes, the default of config.yaml, is spread over.
CHECKPOINT_SECONDS = 600


@dataclass(frozen=True)
class Case:
    """A network, and images of size x size pixels."""

    name: str
    model: dict
    batch_size: int
    train: int
    channels: int
    size: int
    published_epochs: int


_DENSENET = {"kind": "densenet", "growth_rate": 12}
ON_GPU = [
    Case("ResNet-18, width 64", {"kind": "resnet", "depth": 18}, 256, 50_000, 3, 32, 100),
    Case(
        "DenseNet-100-12",
        {"kind": "densenet", "depth": 100, "growth_rate": 12},
        256,
        50_000,
        3,
        32,
        200,
    ),
]
ON_CPU = [
    Case("ResNet-18, width 8", {"kind": "resnet", "depth": 18, "width": 8}, 32, 1024, 1, 8, 40),
    Case("DenseNet-22-12", _DENSENET | {"depth": 22}, 32, 1024, 1, 8, 40),
]


def main() -> None:
    """Print a table for each network."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--compile", action="store_true", help="torch.compile our network")
    parser.add_argument("--epochs", type=int, default=4, help="the first is not timed")
    options = parser.parse_args()
    # As jobs of the workflow, which run side by side.
    torch.set_num_threads(1)
    print_header()
    on_gpu = torch.cuda.is_available()
    if on_gpu:
        print(f"GPU: {torch.cuda.get_device_name()}")
        torch.backends.cudnn.benchmark = True
    device = Device("cuda" if on_gpu else "cpu", bfloat16=on_gpu, compile=options.compile)
    for case in ON_GPU if on_gpu else ON_CPU:
        print_table(
            f"{case.name}, {case.size} x {case.size}, batch {case.batch_size}, "
            f"{device.description}",
            rows(case, device, options.epochs),
        )


def rows(case: Case, device: Device, epochs: int) -> list[Row]:
    """Images/s of both, and what measuring and checkpoints add; raises if the losses differ."""
    images = random_images(case, device.name)
    spec = spec_of(case, epochs)
    trajectory, ours = timed(
        lambda told: train(images, spec, device, progress=told), case, device.name
    )
    memory = torch.cuda.max_memory_allocated() / 2**20
    losses, peer = timed(
        lambda told: train_plainly(images, spec, device.name, told), case, device.name
    )
    gap = loss_gap(trajectory.batch_loss[0], losses, epochs)
    training = case.published_epochs * case.train / ours
    measuring = SNAPSHOTS * seconds_of_sparsity(images, trajectory, spec, device)
    writing = seconds_of_checkpoint(images, spec, device)
    checkpoints = (SNAPSHOTS + training / CHECKPOINT_SECONDS) * writing
    on_gpu = "cuda" in device.name
    of_training = {
        f"sparsity of {SNAPSHOTS} snapshots, of training": (measuring, "<= 5 %"),
        "snapshots and checkpoints, of training": (checkpoints, "<= 1 %"),
    }
    found = [
        Row("ours", epochs - 1, ours, "im/s", 1.0),
        Row(
            "plain eager float32 loop", epochs - 1, peer, "im/s", ours / peer, "ratio >= 4" * on_gpu
        ),
        Row("largest gap of an epoch's mean loss", epochs, gap, ""),
    ]
    found += [
        Row(what, 1, 100 * seconds / training, "%", target=limit * on_gpu)
        for what, (seconds, limit) in of_training.items()
    ]
    return found + [Row("peak memory of ours", 1, memory, "MiB")] * on_gpu


def random_images(case: Case, device: str) -> Images:
    """Ten classes that differ in their mean, so that there is something to learn."""
    generator = torch.Generator().manual_seed(0)
    shape = (case.channels, case.size, case.size)
    means = torch.randint(64, 192, (10, *shape), generator=generator)
    y = torch.randint(10, (case.train,), generator=generator)
    noise = torch.randn((case.train, *shape), generator=generator)
    x = (means[y] + 60 * noise).clamp(0, 255).to(torch.uint8).to(device)
    mean, std = x.float().mean((0, 2, 3)), x.float().std((0, 2, 3))
    y = y.to(device)
    return Images(x, y, x[:1000], y[:1000], mean, std, classes=10)


def spec_of(case: Case, epochs: int) -> dict:
    """A short run with snapshots at its start and end."""
    problem = {"kind": "images", "dataset": "cifar10", "batch_size": case.batch_size}
    iterations = epochs * (case.train // case.batch_size)
    return {
        "problem": {**problem, "order_seed": 0},
        "model": case.model,
        "algorithm": {"kind": "minibatch_sgd", "momentum": 0.9, "weight_decay": 5e-4},
        "schedule": {"kind": "constant", "step_size": 0.02},
        "snapshots": {"first": 1, "evenly_spaced": 3, "last": True},
        "iterations": iterations,
        "replicates": [0, 0],
    }


def timed(work: Callable, case: Case, device: str):
    """What `work` returns, and images/s of all epochs but the first, which compiles kernels."""
    ends: list[float] = []

    def told(iteration: int, loss: float) -> None:
        if "cuda" in device:
            torch.cuda.synchronize()
        ends.append(time.perf_counter())

    result = work(told)
    used = case.train // case.batch_size * case.batch_size
    return result, used * (len(ends) - 1) / (ends[-1] - ends[0])


def train_plainly(images: Images, spec: dict, device: str, told: Callable) -> np.ndarray:
    """The same batches in a loop as one writes it; losses, (T,)."""
    size = spec["problem"]["batch_size"]
    network = initial.from_spec(spec["model"], images.x_train.shape[1], images.classes, 0).to(
        device
    )
    x, y = images.standardised(images.x_train).cpu(), images.y_train.cpu()
    options = spec["algorithm"]
    optimizer = torch.optim.SGD(
        network.parameters(),
        lr=1.0,
        momentum=options["momentum"],
        weight_decay=options["weight_decay"],
    )
    drawing = Drawing(0, len(x), size, images.classes, None, 0.0)
    step_sizes = schedules.from_spec(spec["schedule"]).step_sizes(spec["iterations"])
    losses = []
    for number in range(spec["iterations"] // (len(x) // size)):
        for chosen in drawing.epoch(number, "cpu").order:
            loss = functional.cross_entropy(network(x[chosen].to(device)), y[chosen].to(device))
            optimizer.zero_grad()
            loss.backward()
            optimizer.param_groups[0]["lr"] = step_sizes[len(losses)]
            optimizer.step()
            losses.append(loss.detach())
        told(len(losses), 0.0)
    return torch.stack(losses).cpu().numpy()


def loss_gap(ours: np.ndarray, others: np.ndarray, epochs: int) -> float:
    """Largest relative difference of the mean loss of an epoch; raises beyond 20 %."""
    ours, others = (losses.reshape(epochs, -1).mean(axis=1) for losses in (ours, others))
    gap = float(np.abs(ours / others - 1).max())
    # So that NaN raises too.
    if not gap <= 0.2:
        raise RuntimeError(f"the mean losses of an epoch differ by {gap:.0%}: {ours}, {others}")
    return gap


def seconds_of_sparsity(images, trajectory, spec: dict, device: Device) -> float:
    """A snapshot's feature sparsity, of 10000 images at most."""
    network = initial.from_spec(spec["model"], images.x_train.shape[1], images.classes)
    network = network.to(device.name, memory_format=MEMORY_FORMAT)
    wanted = {"channel_sparsity": {"blocks": ["block2", "last"]}}
    start = time.perf_counter()
    measures.table(images, trajectory, network, {**spec, "measure": wanted})
    return (time.perf_counter() - start) / len(trajectory.iterations)


def seconds_of_checkpoint(images: Images, spec: dict, device: Device) -> float:
    """Writing a checkpoint with momentum; a snapshot is smaller."""
    from sparsestep.images.training.loop import Run

    run = Run.started(images, spec, device)
    # The first update makes the momentum.
    run.update(images, run.drawing.epoch(0, device.name), 0, 0.02)
    with tempfile.TemporaryDirectory() as folder:
        keeper = Folder(folder, spec, "", "", minutes=1e-9)
        start = time.perf_counter()
        keeper.keep_checkpoint(1, run, torch.zeros(spec["iterations"]))
        return time.perf_counter() - start


if __name__ == "__main__":
    main()
