"""A small experiment on images, and mini-batch SGD on it written from its definition."""

import image_oracles
import numpy as np
import torch
from torch.nn import functional

from sparsestep import schedules
from sparsestep.images.networks import initial
from sparsestep.images.networks import state as image_state
from sparsestep.images.replicate import Images
from sparsestep.images.training.epochs import Drawing

SOTA = {"momentum": 0.9, "weight_decay": 5e-3, "augment": True, "label_noise": 0.3}


def make_images(count=24, channels=2, size=6, classes=4, seed=0):
    """Random images, on the CPU, as many for testing as for training."""
    generator = torch.Generator().manual_seed(seed)

    def draw(high, *shape):
        return torch.randint(high, shape, generator=generator)

    return Images(
        x_train=draw(256, count, channels, size, size).to(torch.uint8),
        y_train=draw(classes, count),
        x_test=draw(256, count, channels, size, size).to(torch.uint8),
        y_test=draw(classes, count),
        mean=torch.tensor([120.0, 90.0])[:channels],
        std=torch.tensor([70.0, 60.0])[:channels],
        classes=classes,
    )


def make_spec(iterations=12, batch_size=5, replicate=0, step_size=0.05, **algorithm):
    """The spec of a run; its data set's name is of no consequence here."""
    return {
        "problem": {
            "kind": "images",
            "dataset": "digits",
            "batch_size": batch_size,
            "init_seed": 1,
            "order_seed": 2,
            "vary": ["init", "order"],
        },
        "model": {"kind": "densenet", "depth": 7, "growth_rate": 3},
        "algorithm": {"kind": "minibatch_sgd", **algorithm},
        "schedule": {
            "kind": "exponential_warmup",
            "step_size": step_size,
            "decay_at": 0.5,
            "growth": 1.05,
        },
        "snapshots": {"first": 2, "evenly_spaced": 4, "last": True},
        "iterations": iterations,
        "replicates": [replicate, replicate],
    }


def sgd_by_definition(images, spec, init_seed, order_seed):
    """States (T + 1, P), before each update and after the last, and batch losses, in float64."""
    options = {"momentum": 0.0, "weight_decay": 0.0, "augment": False, "label_noise": 0.0}
    options |= spec["algorithm"]
    size = spec["problem"]["batch_size"]
    count, channels = images.x_train.shape[:2]
    network = initial.from_spec(spec["model"], channels, images.classes, init_seed).double()
    trained = [name for name, _ in network.named_parameters()]
    state = {name: x.clone() for name, x in image_state.entries(network).items()}
    velocity = {name: torch.zeros_like(state[name]) for name in trained}
    padding = 4 if options["augment"] else None
    drawing = Drawing(order_seed, count, size, images.classes, padding, options["label_noise"])
    step_sizes = schedules.from_spec(spec["schedule"]).step_sizes(spec["iterations"])
    states, losses = [], []
    for t, step_size in enumerate(step_sizes):
        states.append(torch.cat([x.reshape(-1) for x in state.values()]))
        epoch, batch = drawing.epoch(t // (count // size), "cpu"), t % (count // size)
        x, y = [], []
        for place, index in enumerate(epoch.order[batch].tolist()):
            x.append(_one_image(images, index, epoch, batch, place, padding))
            noisy = epoch.noisy is not None and bool(epoch.noisy[batch, place])
            y.append(epoch.label[batch, place] if noisy else images.y_train[index])
        leaves = {name: state[name].clone().requires_grad_() for name in trained}
        norm = image_oracles.Norms({**state, **leaves}, training=True)
        logits, _ = image_oracles.densenet(
            torch.stack(x), {**state, **leaves}, norm, layers=1, bottleneck=False
        )
        loss = functional.nll_loss(logits.log_softmax(1), torch.stack(y))
        gradients = torch.autograd.grad(loss, list(leaves.values()))
        losses.append(loss.item())
        for name, gradient in zip(trained, gradients, strict=True):
            gradient = gradient + options["weight_decay"] * state[name]
            velocity[name] = options["momentum"] * velocity[name] + gradient
            state[name] = state[name] - step_size * velocity[name]
        state |= {name: x.detach() for name, x in norm.running.items()}
    states.append(torch.cat([x.reshape(-1) for x in state.values()]))
    return torch.stack(states).numpy(), np.array(losses)


def _one_image(images, index, epoch, batch, place, padding):
    image = (images.x_train[index].double() - images.mean[:, None, None]) / images.std[
        :, None, None
    ]
    if padding is None:
        return image
    return image_oracles.cropped(image, *(d[place] for d in epoch.crops_of(batch)), padding)
