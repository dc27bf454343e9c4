"""Sweeps over keys: what a point is, and what is said of one that cannot be."""

import copy

import pytest

from conftest import TINY
from sparsestep import config
from sparsestep.config import following, key_paths, sweep_points, swept
from sparsestep.config.sweep_points import told
from sparsestep.errors import ConfigError

TEACHER = {
    "replicates": 2,
    "iterations": 40,
    "problem": {"kind": "teacher_student", "n_train": 6, "n_test": 30, "dimension": 2}
    | {"n_fresh": 15, "teacher_widths": [2], "teacher_biases": False, "teacher_weights": "unit"}
    | {"data_seed": 1, "order_seed": 0},
    "model": {"kind": "mlp", "widths": [5], "biases": [False, False], "weight_scales": [0.5, 0.5]},
    "snapshots": {"first": 5, "evenly_spaced": 7},
    "runs": {
        "large": {
            "algorithm": {"kind": "sgd", "log_loss": True},
            "schedule": {"kind": "constant", "step_size": 0.1},
        },
        "flow": {"algorithm": {"kind": "sde", "of": "large", "noise": "isotropic"}},
    },
    "measure": {"losses": None, "jacobian_rank": {"threshold": 1e-4}},
}


def raw(**sweep):
    experiments = {"teacher": TEACHER, "first": TINY["experiments"]["first"] | {"claims": {}}}
    return copy.deepcopy({"experiments": experiments, "sweeps": {"mine": sweep}})


def points(**sweep):
    checked = config.load(raw(**sweep))
    entry = checked.sweeps["mine"]
    return list(sweep_points.points(entry, checked.experiments[entry.experiment]))


def test_a_grid_of_three_keys():
    over = {"problem.n_train": [4, 6], "model.weight_scales": [[1, 1], [0.1, 0.1]]}
    found = points(experiment="teacher", over={**over, "schedule.step_size": [0.2, {"of_edge": 1}]})
    assert len(found) == 8
    at, experiment, run = found[3]
    assert at["problem.n_train"] == 4
    assert (experiment.problem.n_train, run) == (4, "large")
    assert experiment.model.weight_scales == [0.1, 0.1]
    assert [of.experiment.runs["large"].is_relative for of in found] == [False, True] * 4
    assert found[-1].values["schedule.step_size"] == {"of_edge": 1}
    # One run, and of it no losses that nobody reads.
    assert list(experiment.runs) == ["large"]
    assert not experiment.runs["large"].algorithm.log_loss


def test_what_is_absent_is_the_experiments():
    content = raw(experiment="teacher", over={"iterations": [20, 40]})
    teacher = content["experiments"]["teacher"]
    del teacher["runs"]["flow"]
    teacher["measure"]["running_loss"] = None
    sweep = config.load(content).sweeps["mine"]
    assert (sweep.run, sweep.replicates) == ("large", 2)
    # The loss of every iteration is not kept.
    assert list(sweep.measure) == ["losses", "jacobian_rank"]
    assert sweep.measure["jacobian_rank"].threshold == 1e-4


def test_ranges():
    over = {"problem.n_train": {"low": 1, "high": 16, "points": 5, "spacing": "log", "whole": True}}
    assert [of.experiment.problem.n_train for of in points(experiment="teacher", over=over)] == [
        1,
        2,
        4,
        8,
        16,
    ]
    # 1, 2.15, 4.64 and 10, rounded to the nearest.
    over["problem.n_train"] |= {"high": 10, "points": 4}
    found = [of.experiment.problem.n_train for of in points(experiment="teacher", over=over)]
    assert found == [1, 2, 5, 10]
    over = {"schedule.step_size": {"low": 0.01, "high": 0.03, "points": 3}}
    found = [of.experiment.runs["large"].schedule for of in points(experiment="teacher", over=over)]
    assert [schedule.step_size for schedule in found] == [0.01, 0.02, 0.03]


def test_fixed_keys():
    fixed = {"schedule": {"kind": "constant", "step_size": {"of_edge": "5e-1"}}, "iterations": 30}
    found = points(experiment="teacher", over={"model.widths.0": [4, 6]}, fixed=fixed)
    assert [of.experiment.iterations for of in found] == [30, 30]
    assert [of.experiment.runs["large"].schedule.step_size.of_edge for of in found] == [0.5, 0.5]
    assert list(found[0].values) == ["model.widths.0"]
    checked = config.load(raw(experiment="teacher", over={"problem.n_train": [4]}, fixed=fixed))
    entry = checked.sweeps["mine"]
    assert sweep_points.has_edges(entry, checked.experiments["teacher"])


def test_numbers_that_yaml_reads_as_texts():
    over = {"schedule.step_size": ["1e-2", {"of_edge": "5E-1"}], "iterations": ["2e1", "30"]}
    found = points(experiment="teacher", over=over)
    assert [list(of.values.values()) for of in found[:3]] == [
        [0.01, 20],
        [0.01, 30],
        [{"of_edge": 0.5}, 20],
    ]
    assert found[0].experiment.iterations == 20
    with pytest.raises(ConfigError, match=r"iterations.1: got 20 again"):
        points(experiment="teacher", over={"iterations": [20, "2e1"]})


def test_fresh_samples_follow_the_width():
    found = points(experiment="teacher", over={"model.widths.0": [4, 5, 50]})
    # 3 parameters a unit, as many fresh samples, and as many test samples at least.
    assert [of.experiment.problem.n_fresh for of in found] == [12, 15, 150]
    assert [of.experiment.problem.n_test for of in found] == [30, 30, 150]


def test_fresh_samples_that_are_given_follow_nothing():
    over, given = {"model.widths.0": [4, 5]}, {"problem.n_fresh": [20, 16]}
    found = points(experiment="teacher", over=over, together={"model.widths.0": given})
    assert [of.experiment.problem.n_fresh for of in found] == [20, 16]


def test_as_many_biases_and_scales_as_layers():
    found = points(experiment="teacher", over={"model.widths": [[5], [4, 4], [3, 3, 3]]})
    assert [of.experiment.model.biases for of in found] == [[False] * n for n in (2, 3, 4)]
    assert [of.experiment.model.weight_scales for of in found] == [[0.5] * n for n in (2, 3, 4)]
    block = {"model": {"widths": [2, 2], "biases": [True, False]}, "problem": {}}
    following.follow(block, block, set())
    # Whose layer the third is like is anybody's guess.
    assert block["model"]["biases"] == [True, False]


def test_formulas_and_lists_together():
    together = {"model.weight_scales.0": "sqrt(2 / value)", "problem.n_train": "value + 1"}
    over = {"model.widths.0": [2, 8], "iterations": [20, 30]}
    found = points(
        experiment="teacher",
        over=over,
        together={"model.widths.0": together, "iterations": {"snapshots.evenly_spaced": [3, 4]}},
    )
    assert [of.experiment.model.weight_scales[0] for of in found] == [1.0, 1.0, 0.5, 0.5]
    assert [of.experiment.problem.n_train for of in found] == [3, 3, 9, 9]
    assert [of.experiment.snapshots.evenly_spaced for of in found] == [3, 4, 3, 4]


def test_a_block_of_another_kind_replaces_the_one_that_is_there():
    kinds = [{"kind": "sgd"}, {"kind": "gd"}]
    found = points(experiment="teacher", over={"algorithm": kinds})
    assert [of.experiment.runs["large"].algorithm.kind for of in found] == ["sgd", "gd"]
    decayed = {"kind": "step_decay", "step_size": 0.2, "decay_at": 0.5, "divide_by": 2}
    found = points(experiment="teacher", over={"schedule": [{"step_size": 0.3}, decayed]})
    assert [of.experiment.runs["large"].schedule.kind for of in found] == ["constant", "step_decay"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, 3),
        (0.5, 0.5),
        (True, "true"),
        ("relu", "relu"),
        ({"of_edge": 0.9}, 0.9),
        ({"kind": "adam"}, "adam"),
        ({"kind": "adam", "beta": 0.9}, "adam, beta 0.9"),
        ([1, [2, 3]], "[1, [2, 3]]"),
        ({"first": 3}, "first 3"),
    ],
)
def test_values_as_tables_have_them(value, expected):
    assert told(value) == expected


PLAIN = {"experiment": "teacher", "over": {"model.widths.0": [4, 5]}}
WRONG = [
    (
        {"experiment": "teachers"},
        "experiment: there is none, got 'teachers'; valid: teacher, first",
    ),
    ({"over": {}}, "over: got {}; must have at least 1 entry"),
    ({"over": {key: [1] for key in "abcd"}}, "over: got {"),
    ({"over": {"iterations": []}}, "over.iterations: got []; must have at least 1 entry"),
    ({"over": {"iterations": 3}}, "over.iterations: got 3; input should be a valid list"),
    ({"run": "small"}, "run: experiments.teacher has no such run, got 'small'; valid: large"),
    ({"run": "flow"}, "run: follows another run, got 'flow'; valid: large"),
    (
        {"experiment": "first", "over": {"model.u": [0.1, 0.2]}},
        "run: missing; experiments.first has several; valid: small, decay-50",
    ),
    ({"over": {"width": [1]}}, "over: width: no such key, got 'width'; valid: problem, model, "),
    ({"over": {"\u202ewidth": [1]}}, r"over: \u202ewidth: no such key, got '\u202ewidth'; valid: "),
    (
        {"over": {"schedule.step_size": [{"\n": 1}]}},
        r"over: at schedule.step_size = {'\n': 1}: schedule.step_size.of_edge: missing",
    ),
    (
        {"over": {"model.widths.1": [1]}},
        "over: model.widths.1: model.widths has 1 entries; got '1'",
    ),
    ({"over": {"model.kind.x": [1]}}, "over: model.kind.x: model.kind has no parts"),
    ({"over": {"edge.window.x": [1]}}, "over: edge.window.x: edge has no block 'window'"),
    (
        {"over": {"model.widths.0": [0, 5]}},
        "over: at model.widths.0 = 0: model.widths.0: got 0; input should be greater than 0",
    ),
    (
        {"over": {"problem.n_fresh": [3, 20]}},
        "over: at problem.n_fresh = 3: problem.n_fresh: got 3; must be at least 15, the network's",
    ),
    (
        {"over": {"algorithm.momentumm": [0.5]}},
        "over: at algorithm.momentumm = 0.5: algorithm.momentumm: unknown key, got 'momentumm'",
    ),
    (
        {"over": {"schedule.decay_at": [0.5]}},
        "over: at schedule.decay_at = 0.5: schedule.decay_at: unknown key, got 'decay_at'; valid: ",
    ),
    ({"over": {"iterations": [20, 20]}}, "over.iterations.1: got 20 again; values must be diff"),
    (
        {"over": {"iterations": list(range(1, 101)), "problem.n_train": list(range(1, 101))}},
        "over: got 10000 points; at most 2000",
    ),
    (
        {"over": {"problem.n_train": {"low": 0, "high": 5, "points": 3, "spacing": "log"}}},
        "over.problem.n_train: got {'low': 0, 'high': 5, 'points': 3, 'spacing': 'log'}; `low`",
    ),
    (
        {"together": {"model.widths": {"problem.n_fresh": [20, 20]}}},
        "together.model.widths: no key of `over`, got 'model.widths'; valid: model.widths.0",
    ),
    (
        {"together": {"model.widths.0": {"problem.n_fresh": [20]}}},
        "together.model.widths.0.problem.n_fresh: got 1 values; must be 2, one for each of",
    ),
    (
        {"together": {"model.widths.0": {"problem.n_fresh": [20, 20, 20]}}},
        "together.model.widths.0.problem.n_fresh: got 3 values; must be 2, one for each of",
    ),
    (
        {"together": {"model.widths.0": {"model.widths.0": [20, 20]}}},
        "together.model.widths.0.model.widths.0: is a key of `over` itself",
    ),
    (
        {"together": {"model.widths.0": {"model.weight_scales.0": "sqrt(width)"}}},
        "together.model.widths.0.model.weight_scales.0: got 'sqrt(width)'; 'width' has no place in",
    ),
    (
        {"together": {"model.widths.0": {"model.weight_scales.0": "1 / (value - 4)"}}},
        "together.model.widths.0.model.weight_scales.0: got '1 / (value - 4)'; has no value at val",
    ),
    (
        {"measure": {"loss": None}},
        "measure.loss: unknown measure, got 'loss'; valid: jacobian_rank, ",
    ),
    ({"measure": {"running_loss": None}}, "measure.running_loss: needs the loss of every iter"),
    ({"average": 1.5}, "average: got 1.5; input should be less than 1"),
    (
        {"edges": True, "over": {"iterations": [1, 20]}},
        "over: at iterations = 1: edge.horizon: no iteration lies within 0.5 of the 1 of a run",
    ),
    (
        {"fixed": {"model.widths.0": 4}},
        "fixed.model.widths.0: is a key of `over` itself",
    ),
    (
        {
            "fixed": {"problem.n_train": 4},
            "together": {"model.widths.0": {"problem.n_train": [6, 7]}},
        },
        "together.model.widths.0.problem.n_train: is a key of `fixed` itself",
    ),
    (
        {
            "over": {"algorithm.kind": ["sgd", "gd"]},
            "together": {"algorithm.kind": {"problem.n_train": "value + 1"}},
        },
        "together.algorithm.kind.problem.n_train: got 'value + 1'; is a formula of numbers, and "
        "'sgd' is none",
    ),
    (
        {"measure": {"feature_sparsity": {"layers": 3}}},
        "measure.feature_sparsity.layers: got 3; must be at most 1, the networks hidden layers (at "
        "model.widths.0 = 4)",
    ),
    ({"step_size": [0.1]}, "step_size: unknown key, got 'step_size'; valid: average, edges, "),
]


@pytest.mark.parametrize(("change", "line"), WRONG)
def test_one_line_says_what_is_wrong(change, line):
    content = raw(**{**PLAIN, **change})
    with pytest.raises(ConfigError) as caught:
        config.load(content)
    lines = [text.replace("'", "") for text in str(caught.value).split("\n")]
    assert any(text.startswith(f"sweeps.mine.{line}".replace("'", "")) for text in lines), lines


def test_only_the_first_wrong_points_are_told():
    content = raw(experiment="teacher", over={"model.widths.0": [0, -1, -2, -3, -4]})
    with pytest.raises(ConfigError) as caught:
        config.load(content)
    assert len(str(caught.value).split("\n")) == 3


def test_setting_a_value_changes_nothing_else():
    experiment = {"problem": {"n": 1, "x": [[1], [2]]}, "runs": {"a": {"schedule": {"s": 1}}}}
    key_paths.set_value(experiment, "a", "problem.x.1", [3])
    key_paths.set_value(experiment, "a", "schedule.s", 2)
    key_paths.set_value(experiment, "a", "iterations", 9)
    assert experiment == {
        "problem": {"n": 1, "x": [[1], [3]]},
        "runs": {"a": {"schedule": {"s": 2}}},
        "iterations": 9,
    }


def test_as_many_points_as_there_may_be(monkeypatch):
    monkeypatch.setattr(sweep_points, "MOST_POINTS", 4)
    over = {"problem.n_train": [4, 6], "schedule.step_size": [0.1, 0.2]}
    assert len(points(experiment="teacher", over=over)) == 4
    with pytest.raises(ConfigError, match=r"over: got 6 points; at most 4"):
        points(experiment="teacher", over=over | {"problem.n_train": [4, 5, 6]})


def test_an_edge_needs_one_iteration_within_its_horizon():
    # Half of two iterations is one.
    assert len(points(experiment="teacher", over={"iterations": [2]}, edges=True)) == 1


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, False),
        ({"edges": True}, True),
        ({"fixed": {"schedule.step_size": {"of_edge": 0.5}}}, True),
        ({"fixed": {"schedule.step_size": 0.5}}, False),
        ({"together": {"iterations": {"schedule.step_size": [0.1, {"of_edge": 0.5}]}}}, True),
        ({"together": {"iterations": {"schedule.step_size": [0.1, 0.2]}}}, False),
    ],
)
def test_which_sweeps_have_a_column_of_edges(change, expected):
    checked = config.load(raw(experiment="teacher", over={"iterations": [20, 30]}, **change))
    sweep = checked.sweeps["mine"]
    assert sweep_points.has_edges(sweep, checked.experiments["teacher"]) is expected
    assert ("edge" in swept.measured(sweep, checked.experiments)) is expected


def test_edges_of_a_run_in_their_units_and_of_one_taken_out_of_them():
    content = raw(experiment="teacher", over={"iterations": [20]})
    of_edge = {"kind": "constant", "step_size": {"of_edge": 0.5}}
    content["experiments"]["teacher"]["runs"]["large"]["schedule"] = of_edge
    for over, expected in (({"iterations": [20]}, True), ({"schedule.step_size": [0.1]}, False)):
        content["sweeps"]["mine"]["over"] = over
        checked = config.load(content)
        entry = checked.sweeps["mine"]
        assert sweep_points.has_edges(entry, checked.experiments["teacher"]) is expected


def test_formulas_are_rounded_and_whole_where_they_are_whole():
    assert sweep_points._formula_value("value / 3", 1.0) == 0.333333333333
    for text, value in (("value * 0.1 * 10", 3), ("value", {"of_edge": 2.0})):
        found = sweep_points._formula_value(text, value)
        assert isinstance(found, int)
        assert found == (3 if value == 3 else 2)
    assert isinstance(sweep_points._formula_value("value * 1e16", 1), float)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *(("1e-2", 0.01), ("-3", -3), ("+.5", 0.5), ("2e1", 20), ("1e16", 1e16), ("1_0", "1_0")),
        *(("relu", "relu"), ("1e1000", "1e1000"), ([["2"]], [[2]]), (True, True), ("", "")),
    ],
)
def test_which_texts_are_numbers(text, expected):
    found = sweep_points._as_number(text)
    assert found == expected
    assert type(found) is type(expected)


def followed(given=(), scales=(0.5, 0.5), width=8, **problem):
    """What becomes of the problem and the scales where a network of 15 parameters is wider."""
    base = {"problem": TEACHER["problem"] | problem, "model": copy.deepcopy(TEACHER["model"])}
    base["model"]["weight_scales"] = list(scales)
    changed = copy.deepcopy(base)
    changed["model"]["widths"] = [width]
    following.follow(changed, base, set(given))
    return changed["problem"]["n_fresh"], changed["problem"]["n_test"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        # As many as the 24 parameters, where they were as many or would be fewer.
        ({}, (24, 30)),
        ({"n_fresh": 20}, (24, 30)),
        ({"n_fresh": 24}, (24, 30)),
        ({"n_fresh": 25}, (25, 30)),
        ({"width": 4}, (12, 30)),
        ({"width": 4, "n_fresh": 16}, (16, 30)),
        # As many test samples at least, unless these are given.
        ({"n_test": 20}, (24, 24)),
        ({"n_test": 20, "given": ["problem.n_test"]}, (24, 20)),
        ({"given": ["problem.n_fresh"]}, (15, 30)),
    ],
)
def test_how_many_fresh_and_test_samples_follow(options, expected):
    assert followed(**options) == expected


DIABETES = ({"dataset": "diabetes", "task": "regression"}, {})
IRIS = ({"dataset": "iris", "task": "classes"}, {"loss": "cross_entropy", "outputs": 3})


@pytest.mark.parametrize(
    ("of", "measure", "expected"),
    # Of 10 x 9 + 9 and 9 + 1 parameters, and of 4 x 9 + 9 and 9 x 3 + 3.
    [(DIABETES, {}, 0), (DIABETES, {"jacobian_rank": {}}, 109), (IRIS, {"jacobian_rank": {}}, 25)],
)
def test_rows_of_a_table_follow_where_the_jacobian_is_measured(of, measure, expected):
    """A row for each parameter, of which each of several outputs is one."""
    data, outputs = of
    table = {"kind": "table", **data, "test": {"share": 0.2}, "order_seed": 0, "n_fresh": 0}
    model = {"kind": "mlp", "widths": [4], "biases": [True, True], "weight_scales": [1, 1]}
    base = {"problem": table, "model": model | outputs, "measure": measure}
    changed = copy.deepcopy(base)
    changed["model"]["widths"] = [9]
    following.follow(changed, base, set())
    assert changed["problem"]["n_fresh"] == expected
