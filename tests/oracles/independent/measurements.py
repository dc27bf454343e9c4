"""What is measured of the snapshots of a replicate, a snapshot at a time.

Each function takes `about`, which holds `model`, `problem` (blocks of config.yaml), `options` of
the measurement, `replicate`, `arrays` (the problem's, by name), `thetas` (S, P), `iterations` (S,),
`step_sizes` (S,) and `losses` (T,) or None; it returns columns, (S,) each.
"""

import numpy as np
import torch

from independent import networks, streams


def losses(about):
    found = {}
    for part in ("train", "test"):
        if part == "test" and about.problem["kind"] in ("kink_regression", "given_data"):
            continue
        x, y = about.arrays[f"x_{part}"], about.arrays[f"y_{part}"]
        found[f"{part}_loss"] = [
            networks.loss_factor(about.model) * np.mean((_outputs(about, theta, x) - y) ** 2)
            for theta in about.thetas
        ]
    return found


def running_loss(about):
    levels, changes = [], []
    for t in about.iterations:
        window = [tau for tau in range(t) if tau >= t / 2]
        logs = [np.log10(about.losses[tau]) for tau in window]
        levels.append(10 ** np.mean(logs) if logs else np.nan)
        change = np.nan
        if len(logs) >= 3:
            line = np.linalg.lstsq(np.stack([window, np.ones(len(window))], 1), logs, rcond=None)
            change = 10 ** (line[0][0] * t / 2)
        changes.append(change)
    return {"running_loss": levels, "running_change": changes}


def dead(about):
    found = []
    for theta in about.thetas:
        h = _outputs(about, theta, about.arrays["x_train"])
        found.append(float(max(h) - min(h) <= 1e-12 * max(abs(h))))
    return {"dead": found}


def step_size(about):
    return {"step_size": about.step_sizes}


def parameter_norm(about):
    return {"parameter_norm": [np.sqrt(sum(theta**2)) for theta in about.thetas]}


def sparse_recovery(about):
    d = about.arrays["x_train"].shape[1]
    truth = about.arrays["beta_star"]
    columns = {"l0": [], "beta_error": [], "off_support_share": []}
    for theta in about.thetas:
        beta = theta[:d] * theta[d:]
        columns["l0"].append(sum(abs(beta) > about.options["l0_threshold"]))
        columns["beta_error"].append(np.sqrt(sum((beta - truth) ** 2)))
        off = sum(abs(b) for b, true in zip(beta, truth, strict=True) if true == 0)
        columns["off_support_share"].append(off / sum(abs(beta)))
    return columns


def jacobian_rank(about, leave_out=0):
    """`leave_out`: so many of the points, a mistake to be seen."""
    if about.model["kind"] == "diagonal":
        points = about.arrays["x_test"][: 2 * about.arrays["x_test"].shape[1] - leave_out]
        return _counts(about, "jacobian_rank", _spectra(about, points))
    fresh = about.arrays["x_fresh"]
    points = fresh
    if about.options.get("random_points"):
        points = streams.random_points(about.problem, about.replicate, fresh)
    spectra = _spectra(about, points[: len(points) - leave_out])
    columns = _counts(about, "jacobian_rank", spectra)
    columns["stable_rank"] = [sum(s**2) / s[0] ** 2 if s[0] > 0 else 0 for s in spectra]
    columns["entropy_rank"] = [_entropy_rank(s) if s[0] > 0 else 0 for s in spectra]
    if about.options.get("random_points"):
        counts = _counts(about, "jacobian_rank", _spectra(about, fresh))
        columns["jacobian_rank_even"] = counts["jacobian_rank"]
    return columns


def _spectra(about, points):
    phis = networks.jacobians(about.model, about.thetas, points)
    return [np.linalg.svd(phi, compute_uv=False) for phi in phis]


def _counts(about, name, spectra):
    thresholds = {name: about.options["threshold"]}
    for threshold in about.options["further_thresholds"]:
        thresholds[f"{name}@{_written(threshold)}"] = threshold
    return {
        column: [sum(s > threshold * s[0]) for s in spectra]
        for column, threshold in thresholds.items()
    }


def _written(threshold):
    """0.95, 0.1, 1e-6: how columns at further thresholds are called."""
    return f"{threshold:.0e}".replace("e-0", "e-") if threshold < 1e-3 else f"{threshold}"


def _entropy_rank(s):
    shares = [value / sum(s) for value in s if value > 0]
    return np.exp(-sum(p * np.log(p) for p in shares))


def feature_sparsity(about, count_dead=True):
    """`count_dead`: units that are 0 on every sample are among all pairs; else a mistake."""
    columns = {}
    x = torch.tensor(about.arrays["x_train"])
    thresholds = [about.options["correlation_threshold"], *about.options["further_thresholds"]]
    for layer in range(about.options["layers"]):
        name = f"feature_sparsity_layer{layer + 1}"
        names = [name, *(f"{name}@{_written(threshold)}" for threshold in thresholds[1:])]
        raw, units = f"raw_sparsity_layer{layer + 1}", f"distinct_neurons_layer{layer + 1}"
        columns |= {column: [] for column in (*names, raw, units)}
        for theta in about.thetas:
            features = networks.layers(about.model, torch.tensor(theta), x)[layer].numpy()
            active = [int(sum(unit != 0)) for unit in features.T]
            pairs = len(x) * (len(active) if count_dead else sum(n > 0 for n in active))
            columns[raw].append(sum(active) / pairs)
            for column, threshold in zip(names, thresholds, strict=True):
                distinct = _distinct(features, threshold)
                columns[column].append(sum(active[j] for j in distinct) / pairs)
                if column == name:
                    columns[units].append(len(distinct))
    return columns


def _distinct(features, threshold):
    """Units that are not 0 everywhere and not correlated with a later one."""
    scaled = np.zeros_like(features)
    for i, sample in enumerate(features):
        length = np.sqrt(sum(sample**2))
        scaled[i] = sample / length if length > 0 else 0
    width = features.shape[1]
    return [
        j
        for j in range(width)
        if features[:, j].any()
        and not any(
            abs(_correlation(scaled[:, j], scaled[:, k])) > threshold for k in range(j + 1, width)
        )
    ]


def _correlation(a, b):
    """Pearson's; 0 with what is constant."""
    a, b = a - a.mean(), b - b.mean()
    size = np.sqrt(sum(a**2) * sum(b**2))
    return sum(a * b) / size if size > 1e-24 else 0.0


def sharpness(about):
    arrays = about.arrays
    hessians = networks.hessians(about.model, about.thetas, arrays["x_train"], arrays["y_train"])
    return {"sharpness": [np.linalg.eigvalsh(hessian)[-1] for hessian in hessians]}


def weighted_variation(about):
    x, y = about.arrays["x_train"], about.arrays["y_train"]
    inputs, n = x[:, 0].tolist(), len(x)
    bias = 1.0 if about.model["biases"][1] else 0.0
    chain = ("weighted_variation", "gradient_bound", "kernel_bound", "sharpness_bound")
    columns = {name: [] for name in (*chain, "knots")}
    phis = networks.jacobians(about.model, about.thetas, x)
    hessians = networks.hessians(about.model, about.thetas, x, y)
    for theta, phi, hessian in zip(about.thetas, phis, hessians, strict=True):
        width = about.model["widths"][0]
        w, b, v = theta[:width], theta[width : 2 * width], theta[2 * width : 3 * width]
        knots = [(-b[j] / w[j], abs(v[j] * w[j])) for j in range(width)]
        r = _outputs(about, theta, x) - y
        s = np.sqrt(np.mean(r**2)) * np.sqrt(1 + np.mean(x**2))
        sides = [
            np.sum(np.mean(phi, axis=0) ** 2),
            np.linalg.eigvalsh(phi.T @ phi / n)[-1],
            np.linalg.eigvalsh(hessian)[-1] / 2 + s,
        ]
        found = [sum(size * _weight(at, inputs) for at, size in knots)]
        for name, value in zip(chain, found + [(side - bias) / 2 for side in sides], strict=True):
            columns[name].append(value)
        inside = [size for at, size in knots if min(inputs) < at < max(inputs)]
        columns["knots"].append(sum(z > about.options["threshold"] * sum(inside) for z in inside))
    return columns | (_against_truth(about) if about.options["inside"] else {})


def _weight(at, inputs):
    """min(g-, g+) of the inputs."""
    sides = []
    for side in ([x for x in inputs if x < at], [x for x in inputs if x > at]):
        if not side:
            return 0.0
        mean, share = sum(side) / len(side), len(side) / len(inputs)
        sides.append(share**2 * abs(at - mean) * np.sqrt(1 + mean**2))
    return min(sides)


def _against_truth(about):
    x, points = about.arrays["x_train"], about.arrays["x_test"]
    low, high = (np.quantile(x, share) for share in about.options["inside"])
    inside = [k for k, (point,) in enumerate(points) if low <= point <= high]
    columns = {"mse_inside": [], "mse_at_inputs": []}
    for theta in about.thetas:
        errors = (_outputs(about, theta, points) - about.arrays["y_test"]) ** 2
        columns["mse_inside"].append(sum(errors[inside]) / len(inside))
        at_inputs = (_outputs(about, theta, x) - about.arrays["curve"]) ** 2
        columns["mse_at_inputs"].append(np.mean(at_inputs))
    return columns


def tangent_kernel(about):
    x, y = about.arrays["x_train"], about.arrays["y_train"]
    (initial,) = networks.jacobians(about.model, about.arrays["theta0"][None], x)
    initial = initial @ initial.T
    columns = {"kernel_drift": [], "kernel_min_eigenvalue": [], "residual_share_top": []}
    for theta, phi in zip(
        about.thetas, networks.jacobians(about.model, about.thetas, x), strict=True
    ):
        kernel = phi @ phi.T
        moved = np.linalg.norm(kernel - initial) / np.linalg.norm(initial)
        columns["kernel_drift"].append(moved)
        values, vectors = np.linalg.eigh(kernel)
        columns["kernel_min_eigenvalue"].append(max(values[0], 0.0))
        r = _outputs(about, theta, x) - y
        # From the largest down; what belongs to an eigenvalue of 0 is not determined.
        pairs = [*zip(values, vectors.T, strict=True)][::-1][: about.options["top"]]
        inside = sum((v @ r) ** 2 for value, v in pairs if value > 1e-13 * values[-1])
        columns["residual_share_top"].append(inside / (r @ r))
    return columns


def label_noise(about):
    x, y = about.arrays["x_train"], about.arrays["y_train"]
    n, f = len(y), 2 * networks.loss_factor(about.model)
    names = ("label_noise_gap", "label_noise_mean", "label_noise_variance")
    columns = {name: [] for name in names}
    for theta, phi in zip(
        about.thetas, networks.jacobians(about.model, about.thetas, x), strict=True
    ):
        r = _outputs(about, theta, x) - y
        xi = [[r[k] * (1 - n * (k == i)) for k in range(n)] for i in range(n)]
        alone = [f * r[i] * phi[i] for i in range(n)]
        noisy = [f / n * sum((r[k] - xi[i][k]) * phi[k] for k in range(n)) for i in range(n)]
        gaps = [np.linalg.norm(g - other) for g, other in zip(alone, noisy, strict=True)]
        # A dead network without an output bias has no gradient, and no gap.
        columns[names[0]].append(max(gaps) / (max(np.linalg.norm(g) for g in alone) or 1.0))
        columns[names[1]].append(max(abs(np.mean(xi, axis=0))) / np.max(np.abs(xi)))
        loss = sum(r**2) / (2 * n)
        square = sum(sum(entry**2 for entry in row) for row in xi) / n
        columns[names[2]].append(square / (n * (n - 1)) / (2 * loss))
    return columns


def _outputs(about, theta, x):
    return networks.outputs(about.model, torch.tensor(theta), torch.tensor(x)).numpy()


def label_alignment(about, nuisance=True):
    """`nuisance`: shares outside of the top directions; those inside are a mistake to be seen."""
    x, y = about.arrays["x_train"], about.arrays["y_train"]
    names = ("label_nuisance", "residual_nuisance", "kernel_gap")
    columns = {f"{name}@{rank}": [] for name in names for rank in about.options["top"]}
    for theta, phi in zip(
        about.thetas, networks.jacobians(about.model, about.thetas, x), strict=True
    ):
        vectors, s, _ = np.linalg.svd(phi)
        # Squares, from the largest down, and as many as there are samples.
        squares = [*(s**2), *[0.0] * (len(x) + 1 - len(s))]
        squares = [value if value > 1e-13 * squares[0] else 0.0 for value in squares]
        r = _outputs(about, theta, x) - y
        for rank in about.options["top"]:
            least = squares[rank - 1]
            chosen = [
                vector
                for vector, value in zip(vectors.T, squares, strict=False)
                if (value > 0 and value >= least - 1e-13 * squares[0]) != nuisance
            ]
            for name, of in (("label", y), ("residual", r)):
                along = sum((vector @ of) ** 2 for vector in chosen)
                columns[f"{name}_nuisance@{rank}"].append(np.sqrt(along / (of @ of)))
            gap = 1 - squares[rank] / least if least > 0 else 0.0
            columns[f"kernel_gap@{rank}"].append(gap)
    return columns
