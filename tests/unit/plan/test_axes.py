"""What stands on the axes of figures over keys of sweeps."""

import pytest

from sparsestep import config
from sparsestep.plan import axes
from unit.config.test_sweep_points import raw

PHASES = {
    "experiment": "first",
    "replicates": 2,
    "schedule": {"kind": "step_decay", "divide_by": 2},
    "step_size": [0.01],
    "decay_at": [0.5],
    "measure": {"losses": {}},
}


def words(*overs):
    content = raw(experiment="teacher", over=overs[0])
    for place, over in enumerate(overs[1:]):
        content["sweeps"][f"other-{place}"] = {"experiment": "teacher", "over": over}
    return axes.words(list(config.load(content).sweeps.values()))


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("model.widths.0", "width of layer 1"),
        ("model.widths.10", "width of layer 11"),
        ("model.widths", "widths of the layers"),
        ("problem.teacher_widths.1", "width of the teacher's layer 2"),
        ("model.mine", "model.mine"),
        # Of no list, whatever else is known of it.
        ("algorithm.momentum.0", "algorithm.momentum.0"),
    ],
)
def test_layers_are_counted_from_one_and_the_unknown_is_its_key(key, expected):
    assert axes.of_key(key) == expected


def test_step_sizes_are_in_units_of_the_edge_where_all_are():
    of_edge = {"schedule.step_size": [{"of_edge": 0.5}, {"of_edge": 1}]}
    mixed = {"schedule.step_size": [{"of_edge": 0.5}, 0.1]}
    assert words(of_edge) == {"schedule.step_size": "step size / edge"}
    for over in (mixed, {"schedule.step_size": [0.1, 0.2]}):
        assert words(over) == {"schedule.step_size": r"step size $\eta$"}
    # Of several sweeps, the first says it; the others' further keys are there too.
    both = words(of_edge, mixed | {"iterations": [20]})
    assert both == {"schedule.step_size": "step size / edge", "iterations": "iterations $T$"}


def test_a_sweep_over_step_size_and_duration_has_these_two():
    content = raw(**PHASES)
    assert axes.words(list(config.load(content).sweeps.values())) == {
        "step_size": r"step size $\eta$ before the decay",
        "decay_at": "duration of the large steps / T",
    }
