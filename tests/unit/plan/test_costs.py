"""What the estimated cost of a sweep's point grows with, and by how much."""

from types import SimpleNamespace

import pytest

from sparsestep.plan import Plan, costs
from unit.config.test_sweep_points import raw


def seconds(over, edges=False, **changes):
    content = raw(experiment="teacher", over={"iterations": [40]} | over)
    teacher = content["experiments"]["teacher"]
    teacher["measure"] = {"losses": None}
    for block, change in changes.items():
        teacher[block] = change if block == "measure" else {**teacher.get(block, {}), **change}
    of = Plan(content).sweeps.keys.points("mine")[0]
    return costs.seconds(of.experiment, of.run, edges)


def trained(over, **changes):
    """Without the measurement of losses, which costs the same everywhere."""
    return seconds(over, **changes) - costs._MEASURED


def test_training_grows_with_updates_samples_and_what_is_searched():
    one = trained({})
    assert trained({"iterations": [400]}) == pytest.approx(10 * one)
    # The search trains for its horizon, again and again.
    searched = [
        seconds({}, edges=True, edge={"horizon": horizon}) - seconds({}) for horizon in (0.25, 0.5)
    ]
    assert searched == pytest.approx([0.25 * costs._TRIES * one, 0.5 * costs._TRIES * one])
    # Full batches take each of the n samples, SGD one.
    full = [trained({"algorithm": [{"kind": "gd"}], "problem.n_train": [n]}) for n in (6, 7, 8)]
    assert full[2] - full[1] == pytest.approx(full[1] - full[0])
    assert full[0] - one == pytest.approx(5 * (full[1] - full[0]))
    assert trained({"problem.n_train": [8]}) == one


def test_each_measurement_costs_and_each_decomposition_by_the_cube_of_parameters():
    ranks = {"losses": None, "jacobian_rank": {"threshold": 1e-4}}
    both = ranks | {"sharpness": None}
    # 3 parameters a unit.
    for width in (5, 50):
        over = {"model.widths.0": [width]}
        one, two, three = (
            seconds(over, measure=measure) for measure in ({"losses": None}, ranks, both)
        )
        added = costs._MEASURED + costs._DECOMPOSED * (3 * width) ** 3
        assert [two - one, three - two] == pytest.approx([added, added])


def test_seconds_are_those_of_what_computes():
    # 15 parameters; one sample an update, or all six.
    assert trained({}) == pytest.approx(40 * (3e-8 + 1e-8 + 2e-10 * 15))
    full = trained({"algorithm": [{"kind": "gd"}]})
    assert full == pytest.approx(40 * (3e-8 + 6 * (1e-8 + 2e-10 * 15)))
    # What PyTorch computes takes longer, by update and by sample.
    adam = trained({"algorithm": [{"kind": "adam", "batch_size": 4}]})
    assert adam == pytest.approx(40 * (2e-5 + 4 * (1e-7 + 1e-9 * 15)))
    content = raw(experiment="first", run="small", over={"iterations": [40]})
    content["sweeps"]["mine"]["measure"] = {"losses": None}
    of = Plan(content).sweeps.keys.points("mine")[0]
    # Of a diagonal network u and v, eight each.
    found = costs.seconds(of.experiment, of.run, False) - costs._MEASURED
    assert found == pytest.approx(40 * (3e-8 + 1e-8 + 2e-10 * 16))


@pytest.mark.parametrize(
    ("algorithm", "samples"),
    [
        ({"kind": "sgd"}, 1),
        ({"kind": "gd"}, 6),
        ({"kind": "adam", "batch_size": 4}, 4),
        ({"kind": "adam", "batch_size": "all"}, 6),
        # A differential equation takes all of them, whatever batch its noise is of.
        ({"kind": "sde", "batch_size": 4, "noise": "covariance"}, 6),
        ({"kind": "mine", "batch_size": 4, "noise": "none"}, 4),
    ],
)
def test_samples_whose_gradients_an_update_takes(algorithm, samples):
    problem = SimpleNamespace(kind="teacher_student", n_train=6)
    experiment = SimpleNamespace(problem=problem)
    assert costs._samples(experiment, SimpleNamespace(**algorithm)) == samples
    problem.n_train = None
    known = samples == 4 or algorithm["kind"] == "sgd"
    assert costs._samples(experiment, SimpleNamespace(**algorithm)) == (samples if known else 12)


def test_updates_within_an_iteration_are_updates():
    found = []
    for substeps in (10, 20, 40):
        content = raw(experiment="teacher", run="large", over={"iterations": [40]})
        flow = content["experiments"]["teacher"]["runs"]["flow"]
        flow["algorithm"]["substeps"] = substeps
        entry = Plan(content).config.experiments["teacher"]
        found.append(costs.seconds(entry, "flow", False))
    # Twice as many take twice as long, but for what is measured.
    assert found[2] - found[1] == pytest.approx(2 * (found[1] - found[0]))
    assert found[1] - found[0] == pytest.approx(40 * 10 * (3e-8 + 6 * (1e-8 + 2e-10 * 15)))
