"""Runs that differ from their experiment in more than algorithm and schedule."""

import copy

import pytest

from sparsestep import config
from sparsestep.artifacts.identity import identity
from sparsestep.errors import ConfigError
from sparsestep.plan import Plan
from unit.config.test_config_images import IMAGES
from unit.config.test_sweep_points import TEACHER

MLP = {"kind": "mlp"} | TEACHER["model"]
DIAGONAL = {"kind": "diagonal", "u": 0.1, "v": 0.0}
SMALL = {"schedule": {"kind": "constant", "step_size": 0.05}}


def raw(like=None, **runs):
    teacher = copy.deepcopy(TEACHER)
    teacher["runs"] |= runs
    return {"experiments": {"teacher": teacher, **(like or {})}}


def one(block):
    """The experiment that a run stands for, written as one of its own."""
    alone = copy.deepcopy(TEACHER)
    alone["runs"] = {"small": SMALL}
    for key, part in block.items():
        alone[key] = {**alone.get(key, {}), **part} if isinstance(part, dict) else part
    return Plan({"experiments": {"teacher": alone}})


OWN = [
    {"model": {"weight_scales": [0.1, 0.1]}},
    {"problem": {"n_train": 4}},
    {"model": {"widths": [3]}, "problem": {"n_fresh": 9}},
    {"snapshots": {"first": 2}},
    {"edge": {"horizon": 0.25}},
    {"iterations": 120},
]


@pytest.mark.parametrize("block", OWN)
def test_a_run_is_what_an_experiment_of_its_own_would_be(block):
    plan, alone = Plan(raw(small=SMALL | block)), one(block)
    assert plan.experiments.run("teacher", "small") == alone.experiments.run("teacher", "small")
    measured = plan.experiments.measured("teacher", "small", "0-1")
    assert measured == alone.experiments.measured("teacher", "small", "0-1")
    path = plan.experiments.problem_path("teacher", "0-1", "small")
    assert path == alone.experiments.problem_path("teacher", "0-1")
    # The others are what they were.
    before = Plan(raw(small=SMALL)).experiments
    assert plan.experiments.run("teacher", "large") == before.run("teacher", "large")


def test_problems_and_edges_have_files_of_their_own():
    relative = {"schedule": {"kind": "constant", "step_size": {"of_edge": 0.5}}}
    runs = {"other": relative | {"model": {"weight_scales": [0.1, 0.1]}}, "same": relative}
    plan = Plan(raw(**runs)).experiments
    assert len(plan.problems("teacher")) == 2
    paths = {run: plan.problem_path("teacher", "0-1", run) for run in ("large", "same", "other")}
    assert paths["large"] == paths["same"] != paths["other"]
    for run in ("same", "other"):
        edges_id = identity(plan.edges("teacher", run))
        assert plan.calibrated_path("teacher", edges_id, "0-1") == paths[run]
        assert plan.edges("teacher", run)["model"] == plan.run("teacher", run)["model"]
    assert set(paths.values()) < set(plan.output_paths())


def test_a_block_that_says_nothing_new_is_none_of_its_own():
    runs = {"small": SMALL | {"model": {"widths": [5]}}}
    experiment = config.load(raw(**runs)).experiments["teacher"]
    assert experiment.own_parts("small") == {}
    assert experiment.of_run("small") is experiment


def test_what_follows_a_run_has_its_blocks():
    runs = {"large": {**TEACHER["runs"]["large"], "model": {"weight_scales": [0.1, 0.1]}}}
    plan = Plan(raw(**runs)).experiments
    assert plan.run("teacher", "flow")["model"] == plan.run("teacher", "large")["model"]
    path = plan.problem_path("teacher", "0-1", "flow")
    assert path == plan.problem_path("teacher", "0-1", "large")


def test_an_experiment_like_it_has_blocks_over_its_own():
    other = {"like": "teacher", "problem": {"n_train": 5}}
    plan = Plan(raw(small=SMALL | {"problem": {"n_test": 40}}, like={"other": other})).experiments
    problem = plan.run("other", "small")["problem"]
    assert (problem["n_train"], problem["n_test"]) == (5, 40)


def test_another_kind_replaces_the_block():
    model = {"kind": "diagonal", "u": 0.1, "v": 0.0}
    content = raw(small=SMALL | {"model": model})
    content["experiments"]["teacher"]["measure"] = {"losses": None}
    plan = Plan(content).experiments
    assert plan.run("teacher", "small")["model"] == model


def test_claims_compare_runs_of_the_same_network_alone():
    decay = {"kind": "step_decay", "step_size": 0.2, "decay_at": 0.5, "divide_by": 2}
    content = raw(small=SMALL, decay={"schedule": decay}, other={"schedule": decay, **OWN[0]})
    content["experiments"]["teacher"]["claims"] = {"sparser": ["jacobian_rank"]}
    from sparsestep.claims.pairs import comparisons

    (entry,) = Plan(content).report.claims()["experiments"]
    pairs = comparisons(entry["runs"], entry["iterations"])
    assert ("small", "decay") in pairs
    assert not any("other" in pair for pair in pairs)


@pytest.mark.parametrize("same", [{"model": {"widths": [5]}}, {"snapshots": {"first": 5}}])
def test_claims_compare_runs_whose_blocks_say_nothing_new(same):
    decay = {"kind": "step_decay", "step_size": 0.2, "decay_at": 0.5, "divide_by": 2}
    said, left_out = (raw(small=SMALL, decay={"schedule": decay, **block}) for block in (same, {}))
    for content in (said, left_out):
        content["experiments"]["teacher"]["claims"] = {"sparser": ["jacobian_rank"]}
    assert Plan(said).report.claims() == Plan(left_out).report.claims()


WHERE = "experiments.teacher.runs.small"
WRONG = [
    ({"model": {"widths": [0]}}, f"{WHERE}.model.widths.0: got 0; input should be greater than 0"),
    ({"model": {"width": [3]}}, f"{WHERE}.model.width: unknown key, got 'width'; valid: "),
    ({"model": {"widths": [50]}}, f"{WHERE}: problem.n_fresh: got 15; must be at least 150, th"),
    ({"model": [3]}, f"{WHERE}.model: got [3]; must be a block"),
    ({"snapshots": {"last": True}}, f"{WHERE}.snapshots.last: is for networks on images; leave"),
    ({"snapshots": {"bfloat16": True}}, f"{WHERE}.snapshots.bfloat16: is for networks on images;"),
    ({"edge": {"horizon": 2}}, f"{WHERE}.edge.horizon: got 2; input should be less than 1"),
    ({"claims": {}}, f"{WHERE}.claims: unknown key, got 'claims'; valid: algorithm, "),
    (
        {"model": {"kind": "densenet", "depth": 7, "growth_rate": 4}},
        f"{WHERE}.model.kind: got 'densenet'; the experiment is of vectors; valid here: diagonal",
    ),
]


@pytest.mark.parametrize(("block", "line"), WRONG)
def test_one_line_says_what_is_wrong(block, line):
    with pytest.raises(ConfigError) as caught:
        config.load(raw(small=SMALL | block))
    assert line in str(caught.value)


@pytest.mark.parametrize(
    ("sweep", "expected"),
    [
        ({"run": "small"}, ["jacobian_rank"]),
        ({"run": "large", "fixed": {"model": DIAGONAL}}, ["jacobian_rank"]),
        # What is measured of some points is none of the others.
        (
            {"run": "large", "over": {"model": [DIAGONAL, MLP]}},
            ["jacobian_rank", "stable_rank", "entropy_rank"],
        ),
        (
            {"run": "large", "over": {"model": [MLP, DIAGONAL]}},
            ["jacobian_rank", "stable_rank", "entropy_rank"],
        ),
    ],
)
def test_a_sweep_measures_what_its_points_have(sweep, expected):
    content = raw(small=SMALL | {"model": DIAGONAL})
    of_one = {"experiment": "teacher", "over": {"schedule.step_size": [0.1, 0.2]}}
    content["sweeps"] = {"mine": of_one | {"measure": {"jacobian_rank": None}} | sweep}
    figure = {
        "kind": "dependence",
        "sweep": "mine",
        "x": next(iter(content["sweeps"]["mine"]["over"])),
    }
    content["figures"] = {"mine": figure | {"panels": ["jacobian_rank"]}}
    assert Plan(content).sweeps.columns("mine") == expected


def test_what_follows_has_no_blocks_of_its_own():
    flow = {**TEACHER["runs"]["flow"], "model": {"weight_scales": [0.1, 0.1]}}
    with pytest.raises(ConfigError, match=r"runs.flow.model: must be absent; it is that of 'lar"):
        config.load(raw(flow=flow))


def test_figures_of_parameters_show_one_network():
    content = raw(small=SMALL | {"model": {"weight_scales": [0.1, 0.1]}})
    content["figures"] = {"n": {"kind": "neurons", "experiment": "teacher"}}
    with pytest.raises(ConfigError, match=r"figures.n.*runs.small has model of its own; figures"):
        config.load(content)


def test_networks_on_images_have_no_edge_of_their_own():
    content = copy.deepcopy(IMAGES)
    content["runs"]["small"]["edge"] = {"horizon": 0.25}
    with pytest.raises(ConfigError) as caught:
        config.load({"experiments": {"tiny": content}})
    line = "edge: edges of networks on images are not searched for; leave it out"
    assert str(caught.value) == f"experiments.tiny.runs.small.{line}"


def test_snapshots_of_images_are_told_once_where_runs_take_them_over():
    content = raw(small=SMALL | {"snapshots": {"first": 2}})
    content["experiments"]["teacher"]["snapshots"]["last"] = True
    with pytest.raises(ConfigError) as caught:
        config.load(content)
    line = "snapshots.last: is for networks on images; leave it out"
    assert str(caught.value) == f"experiments.teacher.{line}"


def test_of_images_the_number_of_iterations_is_one():
    images = copy.deepcopy(IMAGES)
    first = next(iter(images["runs"]))
    images["runs"][first]["problem"] = {"batch_size": 2 * images["problem"]["batch_size"]}
    with pytest.raises(ConfigError, match=r"leads to another number of iterations; give it an exp"):
        config.load({"experiments": {"images": images}})
