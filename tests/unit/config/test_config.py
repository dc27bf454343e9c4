"""Bad input: one line that names the key's path, the value, and what would be valid."""

import re

import pytest
from trajectory_figures import with_figures

from sparsestep import config
from sparsestep.config.blocks import Config, Edge, Experiment, Run, Snapshots
from sparsestep.config.claims import Claims
from sparsestep.errors import ConfigError
from sparsestep.images.compute import Compute
from sparsestep.plan import Plan

RUN = ("experiments", "first", "runs", "decay-50")

# path of the key, value put there, what the line must say
MISTAKES = [
    ((*RUN, "schedule", "step_size"), -0.1, "got -0.1; input should be greater than 0"),
    ((*RUN, "schedule", "step_size"), 0, "got 0; input should be greater than 0"),
    ((*RUN, "schedule", "step_size"), True, "got True; input should be a number"),
    ((*RUN, "schedule", "step_size"), "fast", "got 'fast'; input should be a valid number"),
    ((*RUN, "schedule", "step_size"), float("nan"), "got nan; input should be greater than 0"),
    ((*RUN, "schedule", "step_size"), float("inf"), "got inf; input should be a finite number"),
    ((*RUN, "schedule", "step_size", "of_edge"), -1, "got -1; input should be greater than 0"),
    ((*RUN, "schedule", "step_size", "of_edg"), 0.9, "unknown key"),
    (("experiments", "first", "edge", "horizon"), 1.5, "got 1.5; input should be less than 1"),
    (("experiments", "first", "edge", "tolerance"), 1e-9, "greater than or equal to 0.0001"),
    (("experiments", "first", "edge", "survive"), "well", "input should be 'finite' or 'alive'"),
    ((*RUN, "schedule", "decay_at"), 1.0, "got 1.0; input should be less than 1"),
    ((*RUN, "schedule", "decay_at"), 0.0, "got 0.0; input should be greater than 0"),
    ((*RUN, "schedule", "decay_at"), 50, "got 50; input should be less than 1"),
    ((*RUN, "schedule", "divide_by"), 0.5, "got 0.5; input should be greater than or equal to 1"),
    ((*RUN, "schedule", "kind"), "step_decy", "(did you mean 'step_decay'?)"),
    ((*RUN, "schedule", "boundary"), "before", "input should be 'included' or 'excluded'"),
    ((*RUN, "schedule", "decay_fraction"), 0.5, "unknown key"),
    ((*RUN, "algorithm"), {"kind": "lion"}, "got 'lion'; valid: sgd, gd"),
    ((*RUN, "algorithm"), {"kind": "sgd", "noise": 1}, "unknown key"),
    ((*RUN, "algorithm"), {"kind": "label_noise_gd"}, "missing"),
    ((*RUN, "algorithm"), {"kind": "sde", "of": "small", "c": 0}, "greater than 0"),
    (
        (*RUN, "algorithm"),
        {"kind": "sde", "of": "small", "c": 1, "noise": "covariance"},
        "isotropic",
    ),
    ((*RUN, "algorithm"), "gd", "got 'gd'; must be a block; write algorithm: {kind: gd}"),
    ((*RUN, "schedule"), "constant", "must be a block; write schedule: {kind: constant}"),
    (
        ("experiments", "first", "snapshots"),
        3,
        "must be a block; valid keys: bfloat16, evenly_spaced, first, last",
    ),
    (("experiments", "first", "runs"), 3, "got 3; must be a block, `key: value` line by line"),
    ((*RUN, "colour"), "blue", "got 'blue'; valid: a colour as '#rrggbb'"),
    (("experiments", "first", "replicates"), 0, "got 0; input should be greater than 0"),
    (("experiments", "first", "replicates"), 2.5, "got 2.5; input should be a valid integer"),
    (("experiments", "first", "replicats"), 3, "(did you mean 'replicates'?)"),
    (("experiments", "first", "iterations"), 10**30, "input should be less than 2147483648"),
    (("experiments", "first", "measure"), {}, "got {}; must have at least 1 measurement"),
    (("experiments", "first", "iterations"), -5, "got -5; input should be greater than 0"),
    (("experiments", "first", "runs"), {}, "got {}; must have at least 1 entry"),
    (("experiments", "first", "on_demand"), "no", "got 'no'; must be true or false, without"),
    (("experiments", "first", "snapshots", "last"), 0, "got 0; must be true or false, without"),
    ((*RUN, "algorithm"), {"kind": "sgd", "log_loss": "on"}, "log_loss: got 'on'; must be true"),
    (("compute", "compile"), "True", "got 'True'; must be true or false, without quotes"),
    (("experiments", "first", "problem", "kind"), "sparse_regresion", "valid: sparse_regression"),
    (("experiments", "first", "problem", "support"), 9, "got 9; must be at most dimension, 8"),
    (("experiments", "first", "problem", "n_train"), 0, "got 0; input should be greater than 0"),
    (
        ("experiments", "first", "problem", "vary"),
        ["u"],
        "'data', 'init' or 'order'",
    ),
    (("experiments", "first", "problem", "loudness"), 1, "unknown key"),
    (("experiments", "first", "problem", "data_seed"), -1, "got -1; input should be greater"),
    (("experiments", "first", "model", "kind"), "diagnal", "(did you mean 'diagonal'?)"),
    (("experiments", "first", "model", "u"), "x", "got 'x'; input should be a valid number"),
    (("experiments", "first", "model", "u"), [0.1] * 7, "must have 8 entries, one an input"),
    (("experiments", "first", "model", "v"), [0.1] * 9, "must have 8 entries, one an input"),
    (
        ("experiments", "first", "measure", "jacobian_rank", "threshold"),
        1.5,
        "got 1.5; input should be less than 1",
    ),
    (
        ("experiments", "first", "measure", "jacobian_rank", "threshold"),
        0,
        "got 0; input should be greater than 0",
    ),
    (("experiments", "first", "measure", "jacobian_rnk"), {}, "(did you mean 'jacobian_rank'?)"),
    (("figures", "curves", "kind"), "training_curve", "(did you mean 'training_curves'?)"),
    (("figures", "curves", "experiment"), "frst", "there is none, got 'frst'; valid: first"),
    (("figures", "curves", "columns"), 9, "got 9; input should be less than or equal to 6"),
    (("experimnts",), {}, "(did you mean 'experiments'?)"),
]


def put(raw, path, value):
    for part in path[:-1]:
        if not isinstance(raw.setdefault(part, {}), dict):
            raw[part] = {"of_edge": 0.5}
        raw = raw[part]
    raw[path[-1]] = value


@pytest.mark.parametrize(("path", "value", "says"), MISTAKES)
def test_mistake_is_one_line(tiny, path, value, says):
    put(tiny, path, value)
    with pytest.raises(ConfigError) as caught:
        config.load(tiny)
    message = str(caught.value)
    assert message.count("\n") == 0, message
    assert message.startswith(".".join(path)), message
    assert says in message


def test_panel_that_is_not_measured(tiny):
    put(tiny, ("figures", "curves", "panels"), ["train_loss", "test_los"])
    with pytest.raises(ConfigError, match=r"^figures\.curves\.panels\.1: not measured .*test_loss"):
        config.load(tiny)


@pytest.mark.parametrize("key", ["figures.curves.panels.0", "experiments.line.claims.better.0"])
def test_no_test_loss_where_the_test_points_are_the_training_points(tiny, key):
    with_figures(tiny)
    curves = {"kind": "training_curves", "experiment": "line", "panels": ["test_loss"]}
    tiny["figures"] = {"curves": curves} if key.startswith("figures") else {}
    if not tiny["figures"]:
        tiny["experiments"]["line"]["claims"] = {"better": ["test_loss"]}
    why = r"\(the test points of kink_regression are its training points\)"
    says = rf"^{key}: not measured there {why}, got 'test_loss'; valid: train_loss "
    with pytest.raises(ConfigError, match=says):
        config.load(tiny)


def test_a_peak_that_ends_before_it_is_reached(tiny):
    schedule = {"kind": "plateau", "step_size": 0.1, "warm_up": 0.2, "divide_by": 2}
    put(tiny, (*RUN, "schedule"), {**schedule, "decay_at": 0.1})
    with pytest.raises(
        ConfigError, match=r"decay-50\.schedule\.decay_at: .* at least warm_up, 0.2"
    ):
        config.load(tiny)


@pytest.mark.parametrize(
    ("column", "says"),
    [
        ({"experiment": "frst"}, r"columns\.1\.experiment: there is none, got 'frst'"),
        ({"panels": ["l0", "l1"]}, r"columns\.1\.panels\.1: not measured there, got 'l1'"),
        ({"panels": []}, r"columns\.1\.panels: got \[\]; .* at least 1 entry"),
        ({"panel": []}, r"columns\.1\.panel: unknown key, .* \(did you mean 'panels'\?\)"),
    ],
)
def test_mistakes_in_a_column_of_a_figure(tiny, column, says):
    good = {"experiment": "first", "panels": ["l0"]}
    tiny["figures"]["curves"] = {"kind": "duration_effect", "columns": [good, {**good, **column}]}
    with pytest.raises(ConfigError, match=rf"^figures\.curves\.{says}") as caught:
        config.load(tiny)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["a/b", "a b", "Ä", "A", "", "-a", "a.b", "..", "x" * 61])
def test_names_that_cannot_be_paths(tiny, name):
    runs = tiny["experiments"]["first"]["runs"]
    runs[name] = runs.pop("small")
    with pytest.raises(ConfigError, match="valid: lower-case letters, digits, - and _") as caught:
        config.load(tiny)
    assert "\n" not in str(caught.value)


def test_a_run_may_be_called_like_a_schedule(tiny):
    tiny["experiments"]["first"]["runs"] = {
        "constant": {"schedule": {"kind": "constant", "step_size": -1}}
    }
    with pytest.raises(ConfigError, match=r"^experiments\.first\.runs\.constant\.schedule\.step"):
        config.load(tiny)


@pytest.mark.parametrize(
    "path", [("experiments",), ("experiments", "first", "replicates"), (*RUN, "schedule")]
)
def test_missing_keys_are_named(tiny, path):
    with pytest.raises(ConfigError, match="missing") as caught:
        config.load(_without(tiny, path))
    assert str(caught.value).startswith(".".join(path))


def _without(raw, path):
    first, *rest = path
    if not rest:
        return {key: value for key, value in raw.items() if key != first}
    return {**raw, first: _without(raw[first], rest)}


def test_every_mistake_has_its_line(tiny):
    put(tiny, (*RUN, "schedule", "step_size"), -1)
    put(tiny, ("experiments", "first", "problem", "support"), 0)
    put(tiny, ("experiments", "first", "measure", "losses"), {"of": "all"})
    with pytest.raises(ConfigError) as caught:
        config.load(tiny)
    lines = str(caught.value).splitlines()
    assert [line.split(": ")[0].split(".")[-1] for line in lines] == ["support", "step_size", "of"]


def test_keys_of_another_schedule(tiny):
    put(tiny, ("experiments", "first", "runs", "small", "schedule", "decay_at"), 0.5)
    with pytest.raises(ConfigError, match=r"unknown key, got 'decay_at'; valid: kind, step_size$"):
        config.load(tiny)


def test_truth_values_in_a_list_and_beside_other_mistakes(tiny):
    perceptron = {"kind": "mlp", "widths": [3], "weight_scales": [1, 1], "first_weights": "sings"}
    put(tiny, ("experiments", "first", "model"), {**perceptron, "biases": [True, "yes"]})
    with pytest.raises(ConfigError) as caught:
        config.load(tiny)
    lines = str(caught.value).splitlines()
    assert lines[0] == (
        "experiments.first.model.biases.1: got 'yes'; must be true or false, without quotes"
    )
    assert [line.split(":")[0].split(".")[-1] for line in lines[1:]] == ["first_weights"]


@pytest.mark.parametrize("written", [60, "6e1", "60", 60.0])
def test_whole_numbers(tiny, written):
    put(tiny, ("experiments", "first", "iterations"), written)
    assert config.load(tiny).experiments["first"].iterations == 60


@pytest.mark.parametrize("raw", [[], 3, "experiments", None])
def test_a_config_that_is_no_mapping(raw):
    with pytest.raises(ConfigError, match=r"^config\.yaml: got "):
        config.load(raw)


def test_a_strange_key_stays_on_one_line(tiny):
    tiny["experiments"]["first"]["a\nb"] = 1
    with pytest.raises(ConfigError) as caught:
        config.load(tiny)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("raw", [{}, {"experiments": {}}, {"experiments": None}])
def test_nothing_to_do_is_a_mistake(raw):
    with pytest.raises(ConfigError, match=r"^experiments: "):
        config.load(raw)


@pytest.mark.parametrize("written", [0.01, "1e-2", "0.01", "1.0e-2"])
def test_same_value_same_spec(tiny, written):
    put(tiny, ("experiments", "first", "runs", "small", "schedule", "step_size"), written)
    run = Plan(tiny).experiments.run("first", "small")
    assert run["schedule"] == {"kind": "constant", "step_size": 0.01}


def test_every_field_is_described():
    from sparsestep import registry

    specs = [Experiment, Run, Snapshots, Edge, Config, Compute]
    for role in ("problem", "model", "algorithm", "schedule", "simulation", "figure"):
        specs += [registry.load(role, kind).Spec for kind in registry.kinds(role)]
    for model in registry.MODELS:
        kinds = registry.kinds("measure", model)
        specs += [registry.load("measure", kind, model).Spec for kind in kinds]
    for spec in specs:
        for name, field in spec.model_fields.items():
            assert field.description or name == "kind", f"{spec.__module__}.{name}"
        assert spec.model_config["extra"] == "forbid"


@pytest.mark.parametrize(
    ("of", "says"),
    [
        ("small", "algorithm.of: got 'small'; must be a run with `algorithm: {kind: sgd, log_loss"),
        ("smal", "algorithm.of: there is no such run"),
        ("smal", "schedule: must be absent; it is that of 'smal'"),
    ],
)
def test_a_run_that_follows_another(tiny, of, says):
    put(tiny, (*RUN, "algorithm"), {"kind": "sde", "of": of})
    with pytest.raises(ConfigError) as caught:
        config.load(tiny)
    assert says in str(caught.value)


def test_only_sgd_is_followed(tiny):
    put(tiny, (*RUN[:-1], "small", "algorithm"), {"kind": "gd"})
    put(tiny, (*RUN, "algorithm"), {"kind": "gd_on_noisy_labels", "of": "small"})
    del tiny["experiments"]["first"]["runs"]["decay-50"]["schedule"]
    with pytest.raises(ConfigError, match=re.escape("got 'small'; must be a run with `algorithm")):
        config.load(tiny)


@pytest.mark.parametrize(
    ("of", "says"),
    [
        ({}, "decay-50.schedule: missing"),
        ({"of": "small"}, "algorithm.of: got 'small'; must be a run with `algorithm: {kind: sgd"),
        ({"of": "smal"}, "algorithm.of: there is no such run, got 'smal'"),
    ],
)
def test_noisy_labels_follow_a_run_or_have_a_schedule(tiny, of, says):
    put(tiny, (*RUN, "algorithm"), {"kind": "gd_on_noisy_labels", **of})
    del tiny["experiments"]["first"]["runs"]["decay-50"]["schedule"]
    with pytest.raises(ConfigError, match=re.escape(says)):
        config.load(tiny)


def test_effects_of_a_trend_are_ratios_of_what_has_a_logarithmic_axis_unless_it_is_sparser():
    metrics = ["l0", "train_loss", "test_loss"]
    for claims, expected in (
        ({}, ["train_loss", "test_loss"]),
        ({"sparser": ["train_loss"]}, ["test_loss"]),
        ({"sparser": ["train_loss"], "better": ["l0"]}, ["l0", "test_loss"]),
    ):
        assert Claims(trend=metrics, **claims).ratios() == expected
