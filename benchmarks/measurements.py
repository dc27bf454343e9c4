"""All measurements of ReLU networks: ours for whole runs against autograd, a snapshot at a time."""

import dataclasses
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.ranks import finite_snapshots
from benchmarks.timing import Row, medians
from sparsestep.artifacts import fingerprint
from sparsestep.artifacts.arrays import Problem, Trajectory, write_problem, write_trajectory
from sparsestep.measures import measure
from sparsestep.models.mlp import Network, Spec
from sparsestep.training import train

# Replicates that are timed; the measuring job whose memory is looked at has all.
REPLICATES = 4
# Snapshots that the peer measures, spread over the run.
PEER_SNAPSHOTS = 8
# Relative; what is promised for sharpness, and for the quantities below. The peer is exact.
AGREEMENT = 1e-6
LOOSER = {"entropy_rank": 1e-4}


def compare(
    problem: Problem, spec: dict[str, Any], threads: int, repetitions: int
) -> tuple[list[Row], list[str]]:
    """Times of both and the memory of a measuring job, and lines on agreement."""
    whole = train(problem, spec, threads)
    peak = peak_memory(problem, whole, spec)
    trajectory = dataclasses.replace(
        whole,
        parameters=whole.parameters[:REPLICATES],
        step_sizes=whole.step_sizes[:REPLICATES],
        diverged_at=whole.diverged_at[:REPLICATES],
    )
    finite = finite_snapshots(trajectory)
    spread = np.linspace(0, len(finite) - 1, PEER_SNAPSHOTS).astype(int)
    sample = [finite[k] for k in spread]
    names = [f"ours, {threads} threads", "ours, 1 thread", "PyTorch autograd, 1 thread; NumPy SVD"]
    timed = {
        names[0]: lambda: measure(problem, trajectory, spec, threads),
        names[1]: lambda: measure(problem, trajectory, spec, 1),
        names[2]: lambda: [by_autograd(problem, trajectory, spec, *where) for where in sample],
    }
    default = torch.get_num_threads()
    # The faster way: with more, its small operations wait for each other.
    torch.set_num_threads(1)
    seconds = medians(timed, repetitions)
    counts = [len(finite), len(finite), len(sample)]
    each = [1e3 * seconds[name] / count for name, count in zip(names, counts, strict=True)]
    targets = ["", "<= 3 ms", ""]
    rows = [
        Row(name, repetitions, ms, "ms", ms / each[0], target)
        for name, ms, target in zip(names, each, targets, strict=True)
    ]
    rows.append(Row("peak memory of the measuring job", 1, peak, "MiB", target="<= 1024 MiB"))
    lines = agreement(problem, trajectory, spec, sample)
    torch.set_num_threads(default)
    return rows, lines


def by_autograd(
    problem: Problem, trajectory: Trajectory, spec: dict[str, Any], row: int, at: int
) -> dict[str, float]:
    """What one would write: one autograd call a row of phi, a full SVD, the whole Hessian."""
    network = Network(Spec(**spec["model"]), problem.x_train.shape[-1])
    data = {name: torch.from_numpy(problem.of_replicate(name, row)) for name in
            ("x_train", "y_train", "x_test", "y_test", "x_fresh", "theta0")}  # fmt: skip
    theta = torch.from_numpy(trajectory.parameters[row, at])
    x, y = data["x_train"], data["y_train"]
    rank = spec["measure"]["jacobian_rank"]
    values = np.linalg.svd(_jacobian(network, theta, data["x_fresh"]), compute_uv=False)
    kernel, initial = (phi @ phi.T for phi in (
        _jacobian(network, start, x) for start in (theta, data["theta0"])))  # fmt: skip
    eigenvalues, vectors = np.linalg.eigh(kernel)
    residuals = (_output(network, theta, x) - y).numpy()
    inside = vectors[:, -3:].T @ residuals
    hessian = torch.autograd.functional.hessian(
        lambda parameters: ((_output(network, parameters, x) - y) ** 2).mean(),
        theta,
        vectorize=True,
    )
    test = _output(network, theta, data["x_test"]) - data["y_test"]
    shares = values[values > 0] / values.sum()
    return {
        "train_loss": float((residuals**2).mean()),
        "test_loss": float((test**2).mean()),
        "jacobian_rank": int((values > rank["threshold"] * values[0]).sum()),
        "stable_rank": float((values**2).sum() / values[0] ** 2),
        "entropy_rank": float(np.exp(-(shares * np.log(shares)).sum())),
        **_sparsity(network, theta, x, spec["measure"]["feature_sparsity"]),
        "sharpness": float(np.linalg.eigvalsh(hessian.numpy())[-1]),
        "kernel_drift": float(np.linalg.norm(kernel - initial) / np.linalg.norm(initial)),
        "kernel_min_eigenvalue": float(max(eigenvalues[0], 0.0)),
        "residual_share_top": float((inside**2).sum() / (residuals**2).sum()),
        "parameter_norm": float(theta.norm()),
    }


def _layers(network: Network, theta: torch.Tensor) -> list[torch.Tensor]:
    """Weight and bias (None: none) of each layer, as autograd can follow them."""
    layers, start = [], 0
    for outputs, inputs, has_bias in network.shapes:
        stop = start + outputs * inputs
        weight = theta[start:stop].reshape(outputs, inputs)
        start = stop + outputs * has_bias
        layers.append((weight, theta[stop:start] if has_bias else None))
    return layers


def _hidden(network: Network, theta: torch.Tensor, x: torch.Tensor) -> list[torch.Tensor]:
    activations = [x]
    for weight, bias in _layers(network, theta)[:-1]:
        activations.append(torch.relu(torch.nn.functional.linear(activations[-1], weight, bias)))
    return activations[1:]


def _output(network: Network, theta: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    last = _layers(network, theta)[-1]
    return torch.nn.functional.linear(_hidden(network, theta, x)[-1], *last)[:, 0]


def _jacobian(network: Network, theta: torch.Tensor, x: torch.Tensor) -> np.ndarray:
    """One sample at a time: a graph of all of them would be walked once a row."""
    theta = theta.clone().requires_grad_()
    rows = [torch.autograd.grad(_output(network, theta, x_i[None])[0], theta)[0] for x_i in x]
    return torch.stack(rows).numpy()


def _sparsity(
    network: Network, theta: torch.Tensor, x: torch.Tensor, options: dict[str, Any]
) -> dict[str, float]:
    """Of the first hidden layer, deleting dead and duplicate units one after the other."""
    features = _hidden(network, theta, x)[0].numpy()
    norms = np.linalg.norm(features, axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        # A constant unit correlates with nothing: NaN, which exceeds no threshold.
        correlations = np.abs(np.corrcoef(np.where(norms > 0, features / norms, 0.0).T))
    alive = [j for j in range(features.shape[1]) if features[:, j].any()]
    for j in list(alive):
        if any(correlations[j, k] > options["correlation_threshold"] for k in alive if k > j):
            alive.remove(j)
    return {
        "feature_sparsity_layer1": np.count_nonzero(features[:, alive]) / features.size,
        "raw_sparsity_layer1": np.count_nonzero(features) / features.size,
        "distinct_neurons_layer1": len(alive),
    }


def agreement(
    problem: Problem, trajectory: Trajectory, spec: dict[str, Any], sample: list[tuple[int, int]]
) -> list[str]:
    """How many of the sampled values the peer confirms, one line a quantity that differs."""
    table = measure(problem, trajectory, spec)
    shape = trajectory.parameters.shape[:2]
    found = [by_autograd(problem, trajectory, spec, *where) for where in sample]
    lines = []
    for name in found[0]:
        ours = table[name].to_numpy().reshape(shape)
        equal = sum(
            np.isclose(ours[where], peer[name], rtol=LOOSER.get(name, AGREEMENT), atol=1e-12)
            for where, peer in zip(sample, found, strict=True)
        )
        if equal < len(sample):
            lines.append(f"{name} equal to the peer's: {equal} of {len(sample)}")
    confirmed = len(found[0]) - len(lines)
    return [f"{confirmed} quantities equal to the peer's in all {len(sample)} snapshots", *lines]


def peak_memory(problem: Problem, trajectory: Trajectory, spec: dict[str, Any]) -> float:
    """MiB that the workflow's command for this run takes at most, with all that it imports."""
    upstream = {key: value for key, value in spec.items() if key != "measure"}
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: Path(folder) / name for name in ("problem", "trajectory", "output")}
        write_problem(paths["problem"], problem, {"spec": problem.spec})
        write_trajectory(paths["trajectory"], trajectory, {"spec": upstream})
        command = [sys.executable, "-m", "sparsestep.stages.measure", "--spec", json.dumps(spec)]
        command += ["--code", fingerprint.stage_code("measure", spec)]
        command += [part for name, path in paths.items() for part in (f"--{name}", str(path))]
        process = subprocess.Popen(command, cwd=folder)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"the measuring job failed with {process.returncode}")
    # KiB, but bytes on macOS.
    return usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
