"""A DenseNet on digits: its start, mini-batches, updates and measurements, in torch's functions.

Parameters and running statistics lie in one vector, in the order of `shapes`.
"""

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch.nn import functional

from independent import streams

CLASSES = 10


def digits():
    """(x_train, y_train, x_test, y_test): of each class the 5th, 10th, ... image is for testing."""
    bundled = load_digits()
    seen, parts = [0] * CLASSES, ([], [])
    for index, digit in enumerate(bundled.target):
        seen[digit] += 1
        parts[seen[digit] % 5 == 0].append(index)
    found = []
    for rows in parts:
        found += [bundled.images[rows][:, None].astype(np.float32), bundled.target[rows]]
    return found


def chosen(problem, replicate):
    """A replicate's images, standardised by all training images, and their classes."""
    x_train, y_train, x_test, y_test = digits()
    mean, std = np.float32(x_train.mean(dtype=float)), np.float32(x_train.std(dtype=float))
    stream = np.random.default_rng(streams.seed_of(problem, "data", replicate))
    found = {}
    for name, x, y in (("train", x_train, y_train), ("test", x_test, y_test)):
        rows = np.sort(stream.permutation(len(x))[: problem[f"n_{name}"]])
        found[f"x_{name}"] = torch.tensor((x[rows] - mean) / std)
        found[f"y_{name}"] = torch.tensor(y[rows])
    return found


def shapes(model):
    """Shape of each tensor by name, in the order in which they lie in the vector."""
    growth, layers = model["growth_rate"], (model["depth"] - 4) // 3
    width, found, behind, passed_on = 16, {"stem": (16, 1, 3, 3)}, {}, {}
    for block in range(3):
        for layer in range(layers):
            name = f"{block}.{layer}"
            found |= _norm(f"{name}.norm", width)
            found[f"{name}.weight"] = (growth, width, 3, 3)
            width += growth
        behind |= _norm(f"{block}.behind", width)
        if block < 2:
            passed_on[f"{block}.transition"] = (width, width, 1, 1)
    classifier = {"classifier": (CLASSES, width), "classifier.bias": (CLASSES,)}
    return found | behind | passed_on | classifier


def _norm(name, width):
    return {f"{name}.{part}": (width,) for part in ("scale", "shift", "mean", "variance")}


def apart(model, vector):
    """Tensors by name, of a vector."""
    found, start = {}, 0
    for name, shape in shapes(model).items():
        size = int(np.prod(shape))
        found[name] = torch.tensor(vector[start : start + size]).reshape(shape)
        start += size
    assert start == len(vector)
    return found


def initial(model, seed):
    """He's normal for convolutions, uniform for the classifier, 1 and 0 for batch norm."""
    generator, found = torch.Generator().manual_seed(seed), {}
    for name, shape in shapes(model).items():
        inputs = np.prod(shape[1:])
        if len(shape) == 4:
            drawn = torch.empty(shape).normal_(0, float(np.sqrt(2 / inputs)), generator=generator)
        elif len(shape) == 2:
            drawn = torch.empty(shape).uniform_(-(inputs**-0.5), inputs**-0.5, generator=generator)
        else:
            drawn = (
                torch.ones(shape) if name.endswith(("scale", "variance")) else torch.zeros(shape)
            )
        found[name] = drawn
    return found


def forward(model, state, x, training=False):
    """(logits, rectified activations behind each block); in training, statistics in place."""

    def normed(values, name):
        mean, variance = state[f"{name}.mean"], state[f"{name}.variance"]
        if training:
            count = values.numel() / values.shape[1]
            now = values.mean(dim=(0, 2, 3))
            of_batch = ((values - now[:, None, None]) ** 2).mean(dim=(0, 2, 3))
            state[f"{name}.mean"] = (0.9 * mean + 0.1 * now).detach()
            state[f"{name}.variance"] = (
                0.9 * variance + 0.1 * of_batch * count / (count - 1)
            ).detach()
            mean, variance = now, of_batch
        values = (values - mean[:, None, None]) / torch.sqrt(variance[:, None, None] + 1e-5)
        scale, shift = state[f"{name}.scale"], state[f"{name}.shift"]
        return torch.relu(values * scale[:, None, None] + shift[:, None, None])

    x, blocks = functional.conv2d(x, state["stem"], padding=1), []
    for block in range(3):
        for layer in range((model["depth"] - 4) // 3):
            name = f"{block}.{layer}"
            new = functional.conv2d(normed(x, f"{name}.norm"), state[f"{name}.weight"], padding=1)
            x = torch.cat([x, new], dim=1)
        blocks.append(normed(x, f"{block}.behind"))
        if block < 2:
            passed_on = functional.conv2d(blocks[-1], state[f"{block}.transition"])
            x = functional.avg_pool2d(passed_on, 2)
    pooled = blocks[-1].mean(dim=(2, 3))
    return pooled @ state["classifier"].T + state["classifier.bias"], blocks


def cross_entropy(logits, classes):
    """Mean of -log softmax(logits)[class]."""
    return -torch.log_softmax(logits, dim=1)[range(len(classes)), classes].mean()


def train(spec, replicate, step_sizes):
    """(vectors before every update and after the last, (T + 1, P); the batches' losses, (T,))."""
    problem, model, algorithm = spec["problem"], spec["model"], spec["algorithm"]
    data = chosen(problem, replicate)
    state = initial(model, streams.seed_of(problem, "init", replicate))
    learned = [name for name in state if not name.endswith((".mean", ".variance"))]
    velocity = {name: 0.0 for name in learned}
    batches = len(data["x_train"]) // problem["batch_size"]
    visited, losses = [together(state)], []
    for t, eta in enumerate(step_sizes):
        if t % batches == 0:
            order = _order(problem, replicate, t // batches, len(data["x_train"]))
        start = (t % batches) * problem["batch_size"]
        rows = order[start : start + problem["batch_size"]]
        for name in learned:
            state[name] = state[name].detach().requires_grad_()
        logits, _ = forward(model, state, data["x_train"][rows], training=True)
        loss = cross_entropy(logits, data["y_train"][rows])
        gradients = torch.autograd.grad(loss, [state[name] for name in learned])
        for name, gradient in zip(learned, gradients, strict=True):
            theta = state[name].detach()
            gradient = gradient + algorithm["weight_decay"] * theta
            velocity[name] = algorithm["momentum"] * velocity[name] + gradient
            state[name] = theta - eta * velocity[name]
        losses.append(loss.item())
        visited.append(together(state))
    return np.array(visited), np.array(losses)


def _order(problem, replicate, epoch, images):
    words = np.random.SeedSequence([streams.seed_of(problem, "order", replicate), epoch, 4])
    first = int(words.generate_state(1)[0])
    return torch.randperm(images, generator=torch.Generator().manual_seed(first))


def together(state):
    """The vector of tensors by name."""
    return torch.cat([values.detach().reshape(-1) for values in state.values()]).numpy()


def measured(spec, replicate, vector, options):
    """Losses, errors and sparsities of a snapshot, in float64; `options` of channel_sparsity."""
    data, model = chosen(spec["problem"], replicate), spec["model"]
    state, found = apart(model, vector.astype(float)), {}
    for name in ("train", "test"):
        logits, blocks = forward(model, state, data[f"x_{name}"].double())
        found[f"{name}_loss"] = float(cross_entropy(logits, data[f"y_{name}"]))
        wrong = logits.argmax(dim=1) != data[f"y_{name}"]
        found[f"{name}_error"] = float(wrong.double().mean())
        if name == "train":
            for block in options["blocks"]:
                shown = blocks[-1 if block == "last" else int(block[5:]) - 1]
                found |= _sparsity(shown.flatten(1).numpy(), block, options)
    return found


def _sparsity(features, block, options):
    drawn = torch.Generator().manual_seed(options["seed"])
    units = torch.randperm(features.shape[1], generator=drawn)[: options["units"]].sort().values
    features = features[:, units]
    active = (features != 0).sum(axis=0)
    count = features.shape[1]
    distinct = [
        j
        for j in range(count)
        if active[j]
        and not any(
            abs(_correlation(features[:, j], features[:, k])) > options["threshold"]
            for k in range(j + 1, count)
        )
    ]
    return {
        f"raw_sparsity_{block}": sum(active) / features.size,
        f"feature_sparsity_{block}": sum(active[j] for j in distinct) / features.size,
    }


def _correlation(a, b):
    a, b = a - a.mean(), b - b.mean()
    size = np.sqrt(sum(a**2) * sum(b**2))
    return sum(a * b) / size if size > 1e-24 else 0.0
