"""Runs with iterations, or epochs, of their own: what they mean, and what is said of wrong ones."""

import copy

import pytest

from sparsestep import config
from sparsestep.config import sweep_points
from sparsestep.errors import ConfigError
from sparsestep.plan import Plan
from unit.config.test_config_images import IMAGES
from unit.config.test_own_blocks import SMALL, raw

RELATIVE = {"schedule": {"kind": "constant", "step_size": {"of_edge": 0.5}}}
DECAY = {"schedule": {"kind": "step_decay", "step_size": 0.2, "decay_at": 0.5, "divide_by": 2}}


def with_claims(content):
    claims = {"stabilises": {"metric": "train_loss", "against": "small"}, "better": ["test_loss"]}
    content["experiments"]["teacher"]["claims"] = claims
    return content


@pytest.mark.parametrize("number", [40, "4e1"])
def test_as_many_as_the_experiment_has_are_none_of_its_own(number):
    said, left_out = (
        Plan(with_claims(raw(small=SMALL | own, decay=DECAY)))
        for own in ({"iterations": number}, {})
    )
    for name in ("run", "edges"):
        of = [getattr(plan.experiments, name)("teacher", "small") for plan in (said, left_out)]
        assert of[0] == of[1]
    assert said.output_paths() == left_out.output_paths()
    assert said.report.claims() == left_out.report.claims()
    assert said.report.report() == left_out.report.report()
    assert said.config.experiments["teacher"].own_parts("small") == {}


def test_others_are_what_they_were():
    plan, before = (Plan(raw(small=SMALL | own)) for own in ({"iterations": 120}, {}))
    for run in ("large", "flow"):
        path = plan.experiments.trajectory_path("teacher", run, "0-1")
        assert path == before.experiments.trajectory_path("teacher", run, "0-1")
    assert plan.experiments.run_id("teacher", "small") != before.experiments.run_id(
        "teacher", "small"
    )


def test_what_follows_a_run_is_as_long_and_has_its_problem():
    content = raw()
    content["experiments"]["teacher"]["runs"]["large"]["iterations"] = 120
    plan = Plan(content).experiments
    assert plan.run("teacher", "flow")["iterations"] == 120
    path = plan.problem_path("teacher", "0-1", "flow")
    assert (
        path == plan.problem_path("teacher", "0-1", "large") != plan.problem_path("teacher", "0-1")
    )


def test_an_edge_is_searched_for_within_a_fraction_of_its_own():
    own = {"iterations": 120, "edge": {"horizon": 0.25}}
    plan = Plan(raw(small=RELATIVE | own)).experiments
    spec = plan.edges("teacher", "small")
    assert (spec["iterations"], spec["edge"]["horizon"]) == (120, 0.25)


def test_a_sweep_of_a_run_has_its_iterations_unless_it_sweeps_them():
    content = raw(small=SMALL | {"iterations": 120})
    of = {"experiment": "teacher", "run": "small"}
    content["sweeps"] = {
        "steps": {**of, "over": {"schedule.step_size": [0.1]}},
        "times": {**of, "over": {"iterations": [10, 20]}},
        "fixed": {**of, "over": {"schedule.step_size": [0.1]}, "fixed": {"iterations": 30}},
    }
    checked = config.load(content)
    found = {
        name: [
            point.experiment.of_run(point.run).iterations
            for point in sweep_points.points(sweep, checked.experiments["teacher"])
        ]
        for name, sweep in checked.sweeps.items()
    }
    assert found == {"steps": [120], "times": [10, 20], "fixed": [30]}
    sweeps = Plan(content).sweeps.keys
    assert [sweeps.shares_problem(name) for name in found] == [True, False, False]


def test_figures_and_report_are_told():
    plan = Plan(raw(small=SMALL | {"iterations": 120}))
    (shown,) = plan.report.report()["experiments"]
    assert (shown["iterations"], shown["last_snapshot"]) == (40, 33)
    small, large = shown["runs"]["small"], shown["runs"]["large"]
    assert (small["iterations"], small["last_snapshot"]) == (120, 100)
    assert not {"iterations", "last_snapshot"} & large.keys()


def images(**own):
    content = copy.deepcopy(IMAGES)
    content["runs"]["long"] = copy.deepcopy(content["runs"]["small"]) | own
    return {"experiments": {"tiny": content}}


def test_epochs_of_networks_on_images():
    plan, before = Plan(images(epochs=9)), Plan(images())
    # Four updates an epoch.
    assert plan.experiments.run("tiny", "long")["iterations"] == 36
    assert plan.experiments.run("tiny", "small") == before.experiments.run("tiny", "small")
    (shown,) = plan.report.report()["experiments"]
    long = shown["runs"]["long"]
    assert (long["epochs"], long["iterations"], long["last_snapshot"]) == (9, 36, 36)
    assert (shown["epochs"], shown["iterations"], shown["last_snapshot"]) == (3, 12, 12)
    assert Plan(images(epochs=3)).report.report() == before.report.report()


def test_a_sweep_of_such_a_run_on_images():
    content = images(epochs=9)
    of = {"experiment": "tiny", "run": "long"}
    content["sweeps"] = {
        "steps": {**of, "over": {"schedule.step_size": [0.01, 0.02]}},
        "times": {**of, "over": {"epochs": [1, 2]}},
    }
    plan = Plan(content)
    keys = plan.sweeps.keys
    found = {
        name: [keys.point_blocks(name, place)["iterations"] for place in (0, 1)]
        for name in keys.blocks
    }
    assert found == {"steps": [36, 36], "times": [4, 8]}
    # The first point is the run itself.
    ids = [point.run_id for point in plan.sweeps.images.points("steps").values()]
    assert ids[0] == plan.experiments.run_id("tiny", "long") != ids[1]


def test_snapshots_differ_from_those_of_the_family():
    content = images(epochs=9, snapshots={"bfloat16": True})
    del content["experiments"]["tiny"]["snapshots"]
    plan = Plan(content).experiments
    of_family = {"first": 1, "evenly_spaced": 21, "last": True}
    assert plan.run("tiny", "small")["snapshots"] == of_family
    assert plan.run("tiny", "long")["snapshots"] == of_family | {"bfloat16": True}
    content["experiments"]["tiny"]["problem"]["kind"] = "imges"
    with pytest.raises(ConfigError, match=r"^experiments.tiny.problem.kind: [^\n]*'imges'"):
        config.load(content)


def test_iterations_of_networks_on_images():
    content = images(iterations=36)
    del content["experiments"]["tiny"]["epochs"]
    content["experiments"]["tiny"]["iterations"] = 12
    run = Plan(content).experiments.run("tiny", "long")
    assert run == Plan(images(epochs=9)).experiments.run("tiny", "long")


def test_of_the_same_epochs_with_its_own_the_batches_are_as_many():
    own = {"epochs": 9, "problem": {"batch_size": 8}}
    with pytest.raises(ConfigError, match=r"runs.long: leads to another number of iterations; giv"):
        config.load(images(**own))


WHERE = "experiments.teacher.runs.small"
WRONG = [
    ({"iterations": 0}, f"{WHERE}.iterations: got 0; input should be greater than 0"),
    ({"iterations": 1.5}, f"{WHERE}.iterations: got 1.5; input should be a valid integer"),
    ({"iterations": {}}, f"{WHERE}.iterations: "),
    ({"iterations": True}, f"{WHERE}.iterations: "),
    ({"epochs": 3}, f"{WHERE}.epochs: must be absent; the experiment has iterations, give these"),
    (
        RELATIVE | {"iterations": 1},
        f"{WHERE}.iterations: got 1; edges are searched for within 0.5 of them, which is none",
    ),
]


@pytest.mark.parametrize(("own", "line"), WRONG)
def test_one_line_says_what_is_wrong(own, line):
    with pytest.raises(ConfigError) as caught:
        config.load(raw(small=SMALL | own))
    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)


def test_what_follows_has_none_of_its_own():
    content = raw()
    content["experiments"]["teacher"]["runs"]["flow"]["iterations"] = 120
    with pytest.raises(
        ConfigError, match=r"^.*runs.flow.iterations: must be absent; it is that of"
    ):
        config.load(content)


def test_epochs_stand_where_the_experiment_has_some():
    line = r"^.*runs.long.iterations: must be absent; the experiment has epochs, give these$"
    with pytest.raises(ConfigError, match=line):
        config.load(images(iterations=36))


@pytest.mark.parametrize(
    ("figure", "line"),
    [
        ({"kind": "duration_effect", "columns": [{"experiment": "first", "panels": ["l0"]}]},
         "columns.0.experiment: got experiments.first.runs.small.iterations 180; every run must"),
        ({"kind": "edge_profile", "experiment": "first", "panels": ["l0"]},
         "experiment: got experiments.first.runs.small.iterations 180; every run must have as ma"),
        ({"kind": "loss_surface_animation", "experiment": "first", "flow": "decay-50",
          "runs": ["decay-50", "small"]},
         "runs.1: got 'small', which has iterations of its own; the runs of an animation must"),
    ],
)  # fmt: skip
def test_figures_in_which_all_are_as_long(tiny, figure, line):
    tiny["experiments"]["first"]["runs"]["small"]["iterations"] = 180
    tiny["figures"] = {"f": figure}
    with pytest.raises(ConfigError) as caught:
        config.load(tiny)
    assert str(caught.value).startswith(f"figures.f.{line}")


def test_learned_functions_are_of_iterations_that_all_have():
    content = raw(short=SMALL | {"iterations": 20}, long=SMALL | {"iterations": 90})
    content["experiments"]["teacher"]["problem"] |= {"dimension": 1}
    figure = {"kind": "learned_functions", "experiment": "teacher", "iterations": [19, 30]}
    content["figures"] = {"f": figure}
    with pytest.raises(ConfigError) as caught:
        config.load(content)
    where = "experiments.teacher.runs.short"
    assert str(caught.value) == f"figures.f.iterations.1: got 30; {where} ends before iteration 20"
