"""The weighted Lasso's path, of few coordinates: all patterns of signs, one by one."""

import itertools

import numpy as np


def lasso_distance(about):
    """Columns as those of `measurements`."""
    x, y, truth = (about.arrays[name] for name in ("x_train", "y_train", "beta_star"))
    d, segments = x.shape[1], path(x, y)
    betas = about.thetas[:, :d] * about.thetas[:, d:]
    on, found = truth != 0, {}
    for at, t in enumerate(about.iterations):
        beta = betas[at]
        later = [k for k, s in enumerate(about.iterations) if t / 2 < s <= t] or [at]
        mean = sum(betas[k] for k in later) / len(later)
        row = {"lasso_distance": nearest(segments, beta)[0]}
        row["mean_lasso_distance"], row["mean_lasso_penalty"] = nearest(segments, mean)
        row |= _support(beta, truth, about.options["support_threshold"])
        if about.variance is not None:
            eta = about.step_sizes[at]
            row |= _predicted(x, y, segments, eta, about.variance)
            solution = row.pop("solution")
            predicted = _support(solution, truth, about.options["support_threshold"])
            for name in ("precision", "recall"):
                row[f"predicted_{name}"] = predicted[f"support_{name}"]
            bias = sum((solution - truth)[on] ** 2)
            row["predicted_support_distance"] = np.sqrt(row["predicted_fluctuation"] ** 2 + bias)
            row["mean_lasso_error"] = np.linalg.norm(mean - solution)
            logs = [np.log(abs(beta[j])) for j in range(d) if solution[j] == 0]
            row["log_off_lasso_support"] = np.mean(logs) if logs else np.nan
        for name, value in row.items():
            found.setdefault(name, []).append(value)
    return found


def path(x, y):
    """Segments (lambda at its ends, b at its ends), from 1e-6 of the largest lambda on.

    On a segment some coordinates A have given signs, X_A^T (X_A b_A - y) / n = -lambda s_A sign,
    and all others |X_j^T (X b - y)| / n <= lambda s_j: both linear in lambda.
    """
    n, d = x.shape
    scales = np.array([sum(column**2) / n for column in x.T])
    largest = max(abs(x.T @ y) / n / scales)
    found = []
    for signs in itertools.product((-1, 0, 1), repeat=d):
        signs = np.array(signs)
        on = signs != 0
        gram = x[:, on].T @ x[:, on] / n
        constant, slope = np.zeros(d), np.zeros(d)
        constant[on] = np.linalg.solve(gram, x[:, on].T @ y / n)
        slope[on] = -np.linalg.solve(gram, (scales * signs)[on])
        # signs b >= 0 on A; lambda s -+ X^T (X b - y) / n >= 0 elsewhere.
        g, change = x.T @ (x @ constant - y) / n, x.T @ x @ slope / n
        conditions = [(signs[j] * constant[j], signs[j] * slope[j]) for j in range(d) if on[j]]
        for j in range(d):
            if not on[j]:
                conditions += [(-g[j], scales[j] - change[j]), (g[j], scales[j] + change[j])]
        low, high = 1e-6 * largest, largest
        for value, per_lambda in conditions:
            if per_lambda > 0:
                low = max(low, -value / per_lambda)
            elif per_lambda < 0:
                high = min(high, -value / per_lambda)
            elif value < 0:
                high = -1.0
        if low <= high:
            found.append((low, high, constant + low * slope, constant + high * slope))
    return found


def nearest(segments, point):
    """(distance of a point from the path, lambda where it is attained)."""
    found = []
    for low, high, start, end in segments:
        along = end - start
        length = along @ along
        share = min(max((point - start) @ along / length, 0), 1) if length > 0 else 0
        there = start + share * along
        found.append((np.sqrt(sum((point - there) ** 2)), low + share * (high - low)))
    return min(found)


def _at(segments, penalty):
    """b(lambda)."""
    for low, high, start, end in segments:
        if low <= penalty <= high:
            share = (penalty - low) / (high - low) if high > low else 0
            return (1 - share) * start + share * end
    raise ValueError(f"the path does not reach {penalty}")


def _predicted(x, y, segments, eta, delta):
    n, d = x.shape
    penalty = eta * delta / (2 * n)
    b = _at(segments, penalty)
    scales = (x**2).sum(axis=0) / n
    slopes = x.T @ (x @ b - y) / n
    decays = [2 * eta * (penalty * scales[j] - abs(slopes[j])) for j in range(d) if b[j] == 0]
    return {
        "solution": b,
        "noise_level": eta * delta,
        "predicted_penalty": penalty,
        "predicted_fluctuation": np.sqrt(eta * delta * sum(abs(b)) / n),
        "predicted_decay": np.mean(decays) if decays else np.nan,
    }


def _support(beta, truth, threshold):
    on, chosen = truth != 0, abs(beta) > threshold
    right = sum(on & chosen)
    return {
        "support_precision": right / sum(chosen) if chosen.any() else np.nan,
        "support_recall": right / sum(on),
        "off_support_norm": np.sqrt(sum(beta[~on] ** 2)),
        "support_distance": np.sqrt(sum((beta - truth)[on] ** 2)),
    }
