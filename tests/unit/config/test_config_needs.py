"""What measurements need of problem and model: said before the first job, with what would do."""

import pytest
import yaml

from conftest import ROOT
from sparsestep import config, registry
from sparsestep.errors import ConfigError
from sparsestep.problems import generate


@pytest.fixture
def raw():
    experiments = yaml.safe_load((ROOT / "config.yaml").read_text())["experiments"]
    # Claims are about what is measured, which the tests change.
    return {name: {**entry, "claims": {}} for name, entry in experiments.items()}


def mistake(raw, experiment):
    with pytest.raises(ConfigError) as caught:
        config.load({"experiments": {"one": raw[experiment]}})
    return str(caught.value)


def test_truth_that_the_problem_lacks(raw):
    raw["diagonal"]["problem"] = raw["relu_1d"]["problem"]
    assert mistake(raw, "diagonal") == (
        "experiments.one.measure.sparse_recovery: needs the problem's beta_star, "
        "got 'kink_regression'; valid problems: sparse_regression"
    )


def test_every_measurement_that_lacks_something_has_its_line(raw):
    raw["relu_teacher"]["problem"] = raw["diagonal"]["problem"]
    raw["relu_teacher"]["measure"]["feature_sparsity"] = {"layers": 3}
    lines = mistake(raw, "relu_teacher").splitlines()
    assert lines == [
        "experiments.one.measure.jacobian_rank: needs the problem's x_fresh, "
        "got 'sparse_regression'; valid problems: kink_regression, teacher_student, table, "
        "noisy_curve",
        "experiments.one.measure.feature_sparsity.layers: got 3; must be at most 1, the network's "
        "hidden layers",
    ]


def test_fewer_fresh_samples_than_parameters(raw):
    raw["relu_three_layer"]["problem"]["n_fresh"] = 180
    assert mistake(raw, "relu_three_layer") == (
        "experiments.one.problem.n_fresh: got 180; must be at least 181, the network's "
        "parameters, for measure.jacobian_rank"
    )


@pytest.mark.parametrize(("experiment", "rows"), [("diagonal", 80), ("relu_1d", 12)])
def test_more_eigenvectors_than_the_kernel_has(raw, experiment, rows):
    raw[experiment]["measure"]["label_alignment"] = {"top": [rows]}
    config.load({"experiments": {"one": raw[experiment]}})
    raw[experiment]["measure"]["label_alignment"] = {"top": [5, rows + 1]}
    assert mistake(raw, experiment) == (
        f"experiments.one.measure.label_alignment.top.1: got {rows + 1}; must be at most {rows}, "
        "the kernel's rows (training samples)"
    )


@pytest.mark.parametrize(
    ("top", "said"),
    [
        ([0], ".0: got 0; input should be greater than 0"),
        ([3, 3], ": got [3, 3]; must be different from each other"),
        ([], ": got []; "),
    ],
)
def test_ranks_that_are_none(raw, top, said):
    raw["relu_1d"]["measure"]["label_alignment"] = {"top": top}
    assert f"experiments.one.measure.label_alignment.top{said}" in mistake(raw, "relu_1d")


def test_eigenvectors_of_several_outputs_and_networks_that_have_none(raw):
    experiment = raw["relu_teacher"]
    data = {"kind": "given_data", "x": [[0.1, 1.0], [1.0, 2.0]], "y": [0.0, 2.0], "order_seed": 0}
    classes = {"loss": "cross_entropy", "outputs": 3}
    experiment["problem"], experiment["measure"] = data, {"label_alignment": {"top": [7]}}
    experiment["model"] |= classes
    experiment["algorithm"] = {"kind": "sgd"}
    assert mistake(raw, "relu_teacher") == (
        "experiments.one.measure.label_alignment.top.0: got 7; must be at most 6, the kernel's "
        "rows (training samples times 3 outputs)"
    )
    raw["densenet_digits"]["measure"] = {"label_alignment": None}
    assert "measure.label_alignment: unknown measure" in mistake(raw, "densenet_digits")


def test_losses_of_every_iteration_that_runs_do_not_keep(raw):
    raw["diagonal"]["measure"]["running_loss"] = None
    assert mistake(raw, "diagonal") == (
        "experiments.one.measure.running_loss: needs the loss of every iteration, which small, "
        "decay-10, decay-30 and 1 more do not keep; valid: runs with "
        "`algorithm: {kind: sgd, log_loss: true}`"
    )
    # Three are named, and no more of none.
    del raw["diagonal"]["runs"]["decay-50"]
    assert "which small, decay-10, decay-30 do not keep; valid" in mistake(raw, "diagonal")
    runs = raw["relu_1d"]["runs"]
    runs["decay-2"]["algorithm"] = {"kind": "gd"}
    assert "which decay-2 does not keep; valid" in mistake(raw, "relu_1d")


def test_precision_that_the_model_is_not_trained_in(raw):
    raw["diagonal"]["algorithm"] = {"kind": "sgd", "precision": "float32"}
    said = "got 'float32'; networks of kind 'diagonal' are trained in: float64"
    assert mistake(raw, "diagonal") == f"experiments.one.algorithm.precision: {said}"
    del raw["diagonal"]["algorithm"]
    raw["diagonal"]["runs"]["decay-30"]["algorithm"] = {"kind": "gd", "precision": "float32"}
    assert mistake(raw, "diagonal") == (
        f"experiments.one.runs.decay-30.algorithm.precision: {said}"
    )
    raw["relu_1d"]["algorithm"]["precision"] = "float16"
    assert "algorithm.precision: got 'float16'" in mistake(raw, "relu_1d")


def test_perturbation_that_is_lost_in_rounding(raw):
    raw["relu_1d"]["algorithm"] = {"kind": "sgd", "precision": "float32", "perturbation": 1e-14}
    where = "experiments.one.algorithm.perturbation"
    assert mistake(raw, "relu_1d").splitlines()[0] == (
        f"{where}: got 1e-14; must be at least 1.2e-07, the rounding of float32"
    )
    raw["relu_1d"]["measure"].pop("running_loss", None)
    raw["relu_1d"]["claims"] = {}
    for fine in ({"perturbation": 1.2e-7}, {"precision": "float64"}):
        raw["relu_1d"]["algorithm"] |= fine
        config.load({"experiments": {"one": raw["relu_1d"]}})


def test_precision_of_a_sweep(raw):
    sweep = {
        "experiment": "one",
        "replicates": 2,
        "algorithm": {"kind": "sgd", "precision": "float32"},
        "schedule": {"kind": "step_decay", "divide_by": 2},
        "step_size": [0.01],
        "decay_at": [0.5],
        "measure": {"losses": {}},
    }
    with pytest.raises(ConfigError) as caught:
        config.load({"experiments": {"one": raw["diagonal"]}, "sweeps": {"grid": sweep}})
    assert str(caught.value) == (
        "sweeps.grid.algorithm.precision: got 'float32'; networks of kind 'diagonal' are trained "
        "in: float64"
    )
    config.load({"experiments": {"one": raw["relu_teacher"]}, "sweeps": {"grid": sweep}})


FIGURES = {"one": {"kind": "end_values", "experiment": "first", "panels": ["test_loss"]}}
# What the registry's line of a kind is made (None: there is none), and what is said.
REGISTRY = [
    ("DRAWINGS", "end_values", None, "figures.one.kind: registry.py has no drawing 'end_values'"),
    (
        "DRAWINGS",
        "end_values",
        "sparsestep.no",
        "figures.one.kind: the drawing 'end_values' in reg",
    ),
    (
        "FIGURES",
        "end_values",
        "sparsestep.no",
        "figures.one.kind: the figure 'end_values' in regis",
    ),
    (
        "MEASURES",
        "losses",
        "sparsestep.no.losses",
        "measure.losses: the measure 'losses' in regist",
    ),
    (
        "TRAINERS",
        "diagonal/sgd",
        "sparsestep.no",
        "runs.small.algorithm.kind: the trainer 'sgd' in",
    ),
    (
        "METRICS",
        "dead",
        None,
        "figures.one.kind: 'end_values' may show 'dead', of which registry.M",
    ),
    ("METRICS", "diverged", None, "figures.one.kind: 'end_values' may show 'diverged', of which "),
    (
        "METRICS",
        "l0",
        ("words",),
        "experiments.first.measure.sparse_recovery: measures 'l0', of wh",
    ),
    (
        "METRICS",
        "l0",
        ("words", "even"),
        "whose scale in registry.METRICS is 'even'; valid: linear",
    ),
]


@pytest.mark.parametrize(("table", "kind", "line", "says"), REGISTRY)
def test_what_the_registry_lacks(tiny, monkeypatch, table, kind, line, says):
    of_kind = getattr(registry, table)
    monkeypatch.setitem(of_kind, kind, line)
    if line is None:
        monkeypatch.delitem(of_kind, kind)
    with pytest.raises(ConfigError) as caught:
        config.load({**tiny, "figures": FIGURES})
    assert says in str(caught.value).splitlines()[0]


def test_a_short_table_that_the_registry_lacks(tiny_with_simulations, monkeypatch):
    monkeypatch.setitem(registry.SUMMARIES, "quadratic", "sparsestep.simulations.no")
    with pytest.raises(
        ConfigError, match=r"^simulations\.parabolas\.kind: the summary 'quadratic'"
    ):
        config.load(tiny_with_simulations)


def test_a_network_on_images_that_the_registry_lacks(raw, monkeypatch):
    monkeypatch.delitem(registry.NETWORKS, "densenet")
    said = "experiments.one.model.kind: registry.py has no network 'densenet'"
    assert mistake(raw, "densenet_digits") == said


def test_they_matter_only_where_they_are_measured(raw):
    raw["relu_three_layer"]["problem"]["n_fresh"] = 1
    del raw["relu_three_layer"]["measure"]["jacobian_rank"]
    config.load({"experiments": {"one": raw["relu_three_layer"]}})


def test_any_model_goes_with_any_problem(raw):
    experiment = {**raw["diagonal"], "model": raw["relu_teacher"]["model"]}
    experiment["measure"] = {"losses": None, "sharpness": None, "feature_sparsity": None}
    config.load({"experiments": {"one": experiment}})


@pytest.mark.parametrize("experiment", ["diagonal", "relu_1d", "relu_teacher"])
def test_truth_is_what_generate_returns(published, experiment):
    spec = {**published.experiments.problem(experiment), "iterations": 5, "replicates": [0, 1]}
    problem = generate(spec)
    module = registry.load("problem", spec["problem"]["kind"])
    assert set(problem.truth) == set(module.TRUTH)
    assert module.Spec(**spec["problem"]).dimension == problem.x_train.shape[-1]


def test_two_thousand_million_layers_are_refused_at_once(raw):
    raw["relu_teacher"]["measure"]["feature_sparsity"] = {"layers": 2**31 - 1}
    assert "layers: got 2147483647; must be at most 1" in mistake(raw, "relu_teacher")
