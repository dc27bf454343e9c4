"""Tables of measurements of the tiny workflow against plain loops over the stored snapshots."""

from types import SimpleNamespace

import numpy as np
import pytest
from independent import lasso, measurements
from tiny_workflow import EXPERIMENTS, finished, runs

RUNS = runs("vectors")
# Largest difference from the definition, beside the value; what is not here is a count, equal, or
# differs by rounding, 1e-11. entropy_rank comes from squares of singular values, sharpness from an
# iteration that ends at 1e-6, and the path of the Lasso from corners that LARS finds. Eigenvectors
# are off by rounding over the gap that parts them.
OF_VECTORS = ("residual_share_top", "label_nuisance", "residual_nuisance", "kernel_gap")
ROUNDING = {
    "entropy_rank": 1e-4,
    "sharpness": 1e-6,
    "sharpness_bound": 1e-6,
    **dict.fromkeys(OF_VECTORS, 1e-9),
}
# Beside what it is a small part of: the smallest eigenvalue of the kernel beside the largest, what
# is outside of a space beside the whole.
ABSOLUTE = {
    "kernel_min_eigenvalue": 1e-12,
    "label_nuisance": 1e-12,
    "residual_nuisance": 1e-12,
}
COUNTS = (
    "dead",
    "l0",
    "jacobian_rank",
    "distinct_neurons",
    "knots",
    "feature_sparsity",
    "raw_sparsity",
)
# Zero but for rounding, of both.
NOTHING = {"label_noise_gap": 1e-14, "label_noise_mean": 1e-15}


def abouts(experiment, run):
    """What the definitions are asked about, of each replicate, with the rows of the table."""
    problem = finished().problem(experiment, run)
    trajectory = finished().trajectory(experiment, run)
    table = finished().measurements(experiment, run)
    for row, thetas in enumerate(trajectory.parameters):
        alive = np.isfinite(thetas).all(axis=1)
        names = ("x_train", "y_train", "x_test", "y_test", "theta0", *problem.truth)
        about = SimpleNamespace(
            model=trajectory.spec["model"],
            problem=problem.spec["problem"],
            replicate=row,
            arrays={name: problem.of_replicate(name, row) for name in names},
            thetas=thetas[alive],
            iterations=trajectory.iterations[alive],
            step_sizes=trajectory.step_sizes[row, alive],
            losses=None if trajectory.train_loss is None else trajectory.train_loss[row],
            variance=trajectory.spec["algorithm"].get("variance"),
        )
        of_replicate = table[table["replicate"] == row]
        assert of_replicate["iteration"].tolist() == trajectory.iterations.tolist()
        assert (of_replicate["diverged_at"] == trajectory.diverged_at[row]).all()
        yield about, of_replicate, alive


DEFAULTS = {
    "jacobian_rank": {"further_thresholds": []},
    "feature_sparsity": {"layers": 1, "further_thresholds": []},
    "sparse_recovery": {"l0_threshold": 1e-50},
    "tangent_kernel": {"top": 3},
    "weighted_variation": {"threshold": 1e-3, "inside": None},
    "label_alignment": {"top": [3]},
}


def measured(about, experiment):
    """Columns of all that the experiment measures, by their definitions."""
    columns = {}
    for name, options in EXPERIMENTS[experiment]["measure"].items():
        about.options = DEFAULTS.get(name, {}) | (options or {})
        definition = lasso.lasso_distance if name == "lasso_distance" else vars(measurements)[name]
        columns |= definition(about)
    return columns


@pytest.mark.parametrize(("experiment", "run"), RUNS)
def test_tables_hold_what_the_definitions_say(experiment, run):
    for about, table, alive in abouts(experiment, run):
        own = measured(about, experiment)
        keys = {"replicate", "iteration", "diverged_at"}
        unknown = set(table.columns) - keys - set(own)
        # Predictions, of label noise alone.
        assert all(table[name].isna().all() for name in unknown)
        assert not unknown or (experiment == "theory" and run != "label-noise")
        for name, values in own.items():
            stored = table[name].to_numpy(dtype=float)
            if name != "step_size":
                assert np.isnan(stored[~alive]).all()
            compare(name, stored[alive], np.array(values, dtype=float))


def compare(name, stored, own):
    """Raise AssertionError where a column is not its definition."""
    kind = name.partition("@")[0].partition("_layer")[0].removesuffix("_even")
    if kind in NOTHING:
        assert max(stored) <= NOTHING[kind]
        assert max(own) <= NOTHING[kind]
    elif kind in COUNTS or kind == "step_size":
        np.testing.assert_array_equal(stored, own)
    else:
        relative, absolute = ROUNDING.get(kind, 1e-11), ABSOLUTE.get(kind, 0.0)
        np.testing.assert_allclose(stored, own, rtol=relative, atol=absolute)


@pytest.mark.parametrize("experiment", ["sparse", "kinks", "teacher"])
def test_a_jacobian_of_one_point_less_is_seen(experiment):
    assert _differs(experiment, "jacobian_rank", leave_out=1)


@pytest.mark.parametrize("experiment", ["kinks", "teacher"])
def test_a_sparsity_without_dead_units_is_seen(experiment):
    assert _differs(experiment, "feature_sparsity", count_dead=False)


@pytest.mark.parametrize("experiment", ["kinks", "teacher"])
def test_shares_of_the_information_space_are_seen(experiment):
    assert _differs(experiment, "label_alignment", nuisance=False)


def _differs(experiment, measurement, **mistake):
    """Whether the comparison above fails with a wrong definition, anywhere in a run."""
    options = EXPERIMENTS[experiment]["measure"][measurement]
    for about, table, alive in abouts(experiment, "logged" if experiment != "sparse" else "small"):
        about.options = DEFAULTS[measurement] | options
        for name, values in vars(measurements)[measurement](about, **mistake).items():
            try:
                compare(name, table[name].to_numpy(dtype=float)[alive], np.array(values, float))
            except AssertionError:
                return True
    return False
