"""Random numbers of the replicates: data, starts, orders, noise, from NumPy's and torch's own."""

import math
from itertools import pairwise

import numpy as np
import sklearn.datasets
import torch

WITH_REPLACEMENT = ("given_data", "table", "noisy_curve")
_NUMBERS = {"data": 0, "init": 1, "order": 2}


def seed_of(problem, stream, replicate):
    """Seed of a replicate's stream; replicate 0 has the published one, shared ones all the same."""
    seed = problem.get(f"{stream}_seed", 0)
    if replicate == 0 or stream not in problem["vary"]:
        return seed
    words = np.random.SeedSequence([seed, replicate, _NUMBERS[stream]]).generate_state(1)
    return int(words[0])


def sampling_order(problem, iterations, samples, replicate):
    """Index of the sample of every update, (T,)."""
    stream = np.random.RandomState(seed_of(problem, "order", replicate))
    if problem["kind"].endswith("sparse_regression") or problem["kind"] in WITH_REPLACEMENT:
        return stream.randint(samples, size=iterations)
    return np.array([stream.permutation(samples)[0] for _ in range(iterations)])


def noise(problem, replicate, updates, samples):
    """Z of every update and sample, (updates, n)."""
    seed = np.random.SeedSequence([seed_of(problem, "order", replicate), 3])
    return np.random.Generator(np.random.SFC64(seed)).standard_normal((updates, samples))


def further_samples(problem, replicate, updates, count, samples):
    """Samples of every update's batch but the first, (updates, count)."""
    found = np.empty((updates, count), int)
    for b in range(1, count + 1):
        words = [seed_of(problem, "order", replicate), b, 7]
        stream = np.random.Generator(np.random.SFC64(np.random.SeedSequence(words)))
        found[:, b - 1] = stream.integers(samples, size=updates, dtype=np.int32)
    return found


def epochs(problem, replicate, updates, size, samples):
    """Samples of every update's batch, (updates, size): permutations cut into whole batches."""
    words = [seed_of(problem, "order", replicate), 0, 8]
    stream = np.random.Generator(np.random.SFC64(np.random.SeedSequence(words)))
    found = []
    while len(found) < updates:
        permutation = stream.permutation(np.arange(samples, dtype=np.int32)).tolist()
        starts = range(0, samples - size + 1, size)
        found += [permutation[start : start + size] for start in starts]
    return np.array(found[:updates])


def noise_of_batches(problem, replicate, updates, size):
    """Z of every update and sample of its batch, (updates, size)."""
    found = np.empty((updates, size))
    for b in range(size):
        words = [seed_of(problem, "order", replicate), b, 9]
        stream = np.random.Generator(np.random.SFC64(np.random.SeedSequence(words)))
        found[:, b] = stream.standard_normal(updates)
    return found


def perturbed(theta, problem, replicate, size):
    """theta_j (1 + size Z_j) of replicates r > 0."""
    if replicate == 0 or size == 0:
        return theta
    seed = np.random.SeedSequence([problem["init_seed"], replicate, 5])
    z = np.random.Generator(np.random.SFC64(seed)).standard_normal(len(theta))
    return theta * (1 + size * z)


def random_points(problem, replicate, fresh):
    """Inputs between the smallest and the largest of the evenly spaced ones, as many."""
    seed = np.random.SeedSequence([seed_of(problem, "init", replicate), 6])
    low, high = fresh.min(axis=0), fresh.max(axis=0)
    return np.random.default_rng(seed).uniform(low, high, fresh.shape)


def data(problem, replicate):
    """Arrays by name: x_train, y_train, x_test, y_test, and what is the truth."""
    make = {"sparse_regression": _sparse, "kink_regression": _kinks, "teacher_student": _taught}
    make["curve"] = _curve
    if problem["kind"] == "given_data":
        x, y = np.array(problem["x"], float), np.array(problem["y"], float)
        return {"x_train": x, "y_train": y, "x_test": x, "y_test": y}
    seed = seed_of(problem, "data", replicate)
    if problem["kind"] == "table":
        return _table(problem, seed)
    found = make[problem["kind"].removeprefix("noisy_")](problem, seed)
    if "noise" in problem:
        z = _stream([seed, 10]).standard_normal(len(found["y_train"]))
        found["y_train"] = found["y_train"] + problem["noise"] * z
    return found


def _stream(words):
    return np.random.RandomState(np.random.MT19937(np.random.SeedSequence(words)))


def _table(problem, seed):
    """Two classes of a table of scikit-learn's, a share of whose rows tests."""
    bundled = getattr(sklearn.datasets, f"load_{problem['dataset']}")()
    columns = [bundled.feature_names.index(name) for name in problem["inputs"]]
    numbers = [list(bundled.target_names).index(label) for label in problem["labels"]]
    rows = [row for row, label in enumerate(bundled.target) if label in numbers]
    held = round(problem["test"]["share"] * len(rows))
    order = [rows[at] for at in np.random.RandomState(seed).permutation(len(rows))]
    parts = {"test": sorted(order[:held]), "train": sorted(order[held : held + problem["rows"]])}
    x = {name: bundled.data[rows][:, columns] for name, rows in parts.items()}
    y = {name: [numbers.index(bundled.target[row]) for row in part] for name, part in parts.items()}
    # Of two classes, a wrong label is the other one.
    wrong = _stream([seed, 11]).permutation(problem["rows"])
    for at in wrong[: round(problem["corrupted"] * problem["rows"])]:
        y["train"][at] = 1 - y["train"][at]
    found = {f"y_{name}": np.array([-1.0, 1.0])[y[name]] for name in parts}
    mean, deviation = x["train"].mean(axis=0), x["train"].std(axis=0)
    found |= {f"x_{name}": (x[name] - mean) / deviation for name in parts}
    fresh = np.concatenate([found["x_test"], found["x_train"]])
    return {**found, "x_fresh": fresh[: problem["n_fresh"]]}


def _sparse(problem, seed):
    stream, d = np.random.RandomState(seed), problem["dimension"]
    x_train = stream.standard_normal((problem["n_train"], d))
    x_test = stream.standard_normal((problem["n_test"], d))
    beta = abs(stream.standard_normal(d))
    beta[problem["support"] :] = 0
    beta /= np.linalg.norm(beta)
    labels = {"y_train": x_train @ beta, "y_test": x_test @ beta}
    return {"x_train": x_train, "x_test": x_test, **labels, "beta_star": beta}


def _kinks(problem, seed):
    heights = [-2, 1.5, 0, 0, 2, 1, 0, -1, 0, 1, 2, -1]
    x = np.array([[np.float32((k - 5.5) / 4 + 0.07)] for k in range(12)], float)
    y = np.array([np.float32(0.345 + height) for height in heights], float)
    count = problem["n_fresh"]
    step = (x.max() - x.min()) / (count - 1)
    fresh = np.array([[x.min() + k * step] for k in range(count)])
    return {"x_train": x, "y_train": y, "x_test": x, "y_test": y, "x_fresh": fresh}


def _curve(problem, seed):
    stream = np.random.RandomState(seed)
    low, high = -problem["half_width"], problem["half_width"]
    x, fresh = (
        np.array([[low + (high - low) * stream.random_sample()] for _ in range(count)])
        for count in (problem["n_train"], problem["n_fresh"])
    )
    count, start = problem["n_test"], min(x)[0]
    step = (max(x)[0] - start) / (count - 1)
    x_test = np.array([[start + k * step] for k in range(count)])
    found = {"x_train": x, "x_test": x_test, "x_fresh": fresh}
    for name, points in (("y_train", x), ("y_test", x_test)):
        values = [math.sin(problem["frequency"] * point) for (point,) in points]
        found[name] = problem["amplitude"] * np.array(values)
    return {**found, "curve": found["y_train"]}


def _taught(problem, seed):
    stream, d = np.random.RandomState(seed), problem["dimension"]
    found = {}
    for name in ("train", "test"):
        x = stream.standard_normal((problem[f"n_{name}"], d)).astype(np.float32)
        found[f"x_{name}"] = x / np.linalg.norm(x, axis=1, keepdims=True)
    sizes = [d, *problem["teacher_widths"], 1]
    layers = _linears(sizes, [problem["teacher_biases"]] * (len(sizes) - 1), seed)
    for layer in layers:
        torch.nn.init.normal_(layer.weight)
    with torch.no_grad():
        if problem["teacher_weights"] == "unit":
            for layer in layers[:-1]:
                layer.weight /= layer.weight.norm(dim=1, keepdim=True)
            layers[-1].weight.sign_()
        for name in ("train", "test"):
            h = torch.tensor(found[f"x_{name}"])
            for layer in layers[:-1]:
                h = torch.relu(layer(h))
            found[f"y_{name}"] = layers[-1](h)[:, 0].numpy()
    found["x_fresh"] = found["x_test"][: problem["n_fresh"]]
    return {name: np.array(values, float) for name, values in found.items()}


def initial_parameters(model, dimension, seed):
    """theta_0, (P,): of diagonal networks u, then v; of ReLU ones as the notebooks draw them."""
    if model["kind"] == "diagonal":
        return np.concatenate([np.full(dimension, model[name]) for name in ("u", "v")])
    layers = _linears([dimension, *model["widths"], 1], model["biases"], seed)
    parts = []
    for index, layer in enumerate(layers):
        if index == 0 and model["first_weights"] == "signs":
            drawn = 2 * torch.rand(layer.weight.shape).round() - 1
        else:
            drawn = torch.randn(layer.weight.shape)
        parts.append(model["weight_scales"][index] * drawn)
        if layer.bias is not None:
            scale = model["bias_scale"]
            parts.append(layer.bias if scale is None else scale * torch.randn(layer.bias.shape))
    return torch.cat([part.detach().ravel() for part in parts]).double().numpy()


def _linears(sizes, biases, seed):
    torch.manual_seed(seed)
    return [
        torch.nn.Linear(inputs, outputs, bias=bias)
        for (inputs, outputs), bias in zip(pairwise(sizes), biases, strict=True)
    ]
