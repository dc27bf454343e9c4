"""Makes artefacts of every kind, of the experiments in config.yaml, and prints their digests.

    python -m processors.artefacts numbers.npz

`test_processors.py` runs it as on several processors. Digests are JSON: kind -> digest;
measurements and networks on images, which are compared by number, go to the file.
"""

import dataclasses
import hashlib
import json
import sys

import numpy as np
import yaml

import sparsestep.stages  # noqa: F401 - one thread for BLAS, as in the jobs
from conftest import ROOT
from sparsestep import problems, schedules, simulations
from sparsestep.measures import measure
from sparsestep.plan import Plan
from sparsestep.reproduction import digest_of_arrays
from sparsestep.sweeps import phases
from sparsestep.training import edge, train

# Kinds of schedules that no small network of config.yaml has; without powers.
SHAPES = {
    "piecewise": {"pieces": [[0, 0.1], [0.3, 0.03]]},
    "linear_decay": {"step_size": 0.1, "warm_up": 0.07, "decay_at": 0.3, "final": 0.013},
    "cosine": {"step_size": 0.1, "warm_up": 0.07, "final": 0.013},
    "cyclic": {"step_size": 0.1, "factor": 2.7, "period": 0.23},
    "table": {"step_size": 0.3, "values": [[0, 0.1], [1000, 0.03]]},
}
# Iterations of what would take long without fused operations; SGD is trained to its end.
FEW = 400


def digest_of_table(table):
    """Digest of the numbers of a table."""
    numbers = table.select_dtypes("number")
    return digest_of_arrays(*(numbers[name].to_numpy() for name in numbers))


class Artefacts:
    """What `Plan` says, computed."""

    def __init__(self):
        self.plan = Plan(yaml.safe_load((ROOT / "config.yaml").read_text()))
        self.experiments = self.plan.experiments

    def vectors(self):
        """Names of the experiments on small networks that run."""
        blocks = self.experiments.blocks
        return [n for n in self.experiments.wanted if blocks[n].family.name == "vectors"]

    def problem(self, experiment, replicates, iterations=None):
        """The first replicates, and as many iterations as asked for."""
        spec = {**self.experiments.problem(experiment), "replicates": [0, replicates - 1]}
        return problems.generate({**spec, "iterations": iterations or spec["iterations"]})

    def run(self, experiment, run, replicates, iterations=None, followed=None):
        """Trajectory of a run, and of the one that it follows if it does."""
        problem = self.problem(experiment, replicates, iterations)
        spec = {**self.experiments.run(experiment, run), "replicates": [0, replicates - 1]}
        spec["iterations"] = iterations or spec["iterations"]
        edges = None
        if "edge" in spec:
            of_edges = {**self.experiments.edges(experiment, run), "iterations": spec["iterations"]}
            edges = edge.calibrate(problem, of_edges)
        return problem, train(problem, spec, 2, edges, followed), spec


def of_problems(make):
    """Data, initial parameters and order of two replicates of everything."""
    made = [make.problem(name, 2, 2000) for name in make.vectors()]
    return digest_of_arrays(
        *(
            array
            for problem in made
            for array in (problem.x_train, problem.y_train, problem.x_test, problem.y_test)
        ),
        *(problem.theta0 for problem in made),
        *(problem.order for problem in made),
    )


def of_step_sizes(make):
    """Every schedule of a small network, and of each kind that config.yaml does not use."""
    used = [
        schedules.from_spec(make.experiments.run(name, run)["schedule"])
        for name in make.vectors()
        for run in make.experiments.blocks[name].runs
    ]
    others = [schedules.from_spec({"kind": kind, **options}) for kind, options in SHAPES.items()]
    return digest_of_arrays(*(schedule.step_sizes(3000) for schedule in (*used, *others)))


def of_edges(make):
    """Edges of a diagonal and of a ReLU network, of two replicates, in short runs."""
    found = []
    for name, run in (
        ("diagonal_population", "edge-90"),
        ("relu_teacher_population", "edge-90"),
    ):
        spec = {**make.experiments.edges(name, run), "iterations": FEW}
        found.append(edge.calibrate(make.problem(name, 2, FEW), spec))
    return digest_of_arrays(*found)


def of_trajectories(make, experiment, replicates):
    """All runs of an experiment to their end."""
    return digest_of_arrays(
        *(
            make.run(experiment, run, replicates)[1].parameters
            for run in make.experiments.blocks[experiment].runs
        )
    )


def of_full_batch(make):
    """Descent, noisy labels and SDEs on every kind of network."""
    found = [make.run("diagonal_gd", "gd-decay-50", 2, FEW)[1].parameters]
    found.append(make.run("label_noise_lasso", "noise-1-6", 2, FEW)[1].parameters)
    for name in ("sde_diagonal", "sde_relu_1d", "sde_relu_teacher", "sde_relu_three_layer"):
        followed = make.run(name, "sgd", 2, FEW)[1]
        found += [followed.parameters, followed.train_loss]
        for run in ("noisy-labels", "sde", "sde-own", "flow"):
            found.append(make.run(name, run, 2, FEW, followed)[1].parameters)
    return digest_of_arrays(*found)


def of_batches(make):
    """SGD on batches and descent with momentum, all options, on every kind of network."""
    further = {"momentum": 0.5, "nesterov": True, "weight_decay": 0.01}
    of_batch = {"kind": "batch_sgd", "batch_size": 7, "label_noise": 0.1}
    found = []
    for name in ("diagonal", "relu_1d", "relu_teacher", "relu_three_layer"):
        run = make.experiments.run(name, next(iter(make.experiments.blocks[name].runs)))
        schedule = {**run["schedule"], "step_size": 0.1 * run["schedule"]["step_size"]}
        problem = make.problem(name, 2, FEW)
        for precision in ("float64",) if name == "diagonal" else ("float64", "float32"):
            for kind in (of_batch, {**of_batch, "sampling": "epochs"}, {"kind": "momentum_gd"}):
                algorithm = {**kind, **further, "precision": precision}
                spec = {**run, "schedule": schedule, "algorithm": algorithm, "iterations": FEW}
                found.append(train(problem, spec, 2).parameters)
    assert all(np.isfinite(parameters).all() for parameters in found)
    return digest_of_arrays(*found)


def of_simulations(make):
    """Every simulation, with fewer replicates."""
    found = []
    for name in make.plan.simulations.blocks:
        spec = make.plan.simulations.simulation(name)
        spec |= {"replicates": 3} if "replicates" in spec else {}
        found.append(digest_of_table(simulations.simulate(spec)))
    return hashlib.sha256(repr(found).encode()).hexdigest()[:16]


def of_sweeps(make):
    """Two points of the shipped sweep, two replicates: all but what is measured with a rounding."""
    name = "diagonal_phases"
    chunk, points = next(iter(make.plan.sweeps.phases.chunks(name).items()))
    batch = make.plan.sweeps.batches(name)[0]
    spec = {**make.plan.sweeps.phases.chunk(name, chunk, batch), "points": points[:2]}
    experiment = make.plan.sweeps.block(name).experiment
    spec |= {"replicates": [0, 1], "iterations": FEW}
    table = phases.run(make.problem(experiment, 2, FEW), spec)
    return digest_of_table(table.drop(columns=[c for c in table if c == "entropy_rank"]))


def measured(make):
    """What is measured of whole chaotic runs: all of `diagonal`, two replicates of a ReLU one."""
    numbers = {}
    for name, replicates in (("diagonal", 16), ("relu_1d", 2)):
        for run in make.experiments.blocks[name].runs:
            problem, trajectory, spec = make.run(name, run, replicates)
            # Every tenth snapshot, and the last.
            kept = np.unique(
                np.r_[: len(trajectory.iterations) : 10, -1] % len(trajectory.iterations)
            )
            trajectory = dataclasses.replace(
                trajectory,
                iterations=trajectory.iterations[kept],
                parameters=trajectory.parameters[:, kept],
                step_sizes=trajectory.step_sizes[:, kept],
            )
            batch = make.experiments.batches(name)[0]
            options = make.experiments.measured(name, run, batch)["measure"]
            table = measure(problem, trajectory, {**spec, "measure": options}, 2)
            for column in table.select_dtypes("number"):
                numbers[f"{name}/{run}/{column}"] = table[column].to_numpy(dtype=float)
    return numbers


def main():
    """Print the digests, write the numbers."""
    make = Artefacts()
    made = {
        "problems": of_problems(make),
        "step sizes": of_step_sizes(make),
        "edges": of_edges(make),
        "SGD, `diagonal`, 16 replicates": of_trajectories(make, "diagonal", 16),
        "SGD, ReLU networks": " ".join(
            of_trajectories(make, name, 2) for name in ("relu_1d", "relu_teacher")
        )
        + of_trajectories(make, "relu_three_layer", 2),
        "SGD on batches, momentum": of_batches(make),
        "full batch, noisy labels, SDE": of_full_batch(make),
        "simulations": of_simulations(make),
        "sweeps": of_sweeps(make),
    }
    np.savez(sys.argv[1], **measured(make))
    print(json.dumps(made))


if __name__ == "__main__":
    main()
