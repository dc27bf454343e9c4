"""What a plan hands on to jobs: of which experiments, in which order, under which names."""

import copy
import json

import pytest

from conftest import with_simulations
from sparsestep.artifacts.identity import identity
from sparsestep.plan import Plan
from unit.config.test_sweep_points import raw
from unit.plan.test_axes import PHASES

FIGURE = {"kind": "dependence", "sweep": "mine", "x": "model.widths.0", "panels": ["jacobian_rank"]}


def swept(**changes):
    content = raw(experiment="teacher", over={"model.widths.0": [4, 5]})
    content["figures"] = {"over": {**FIGURE, **changes}}
    return content


def spec_of(plan, stage):
    return json.loads(plan.jobs.spec(stage)(None))


@pytest.fixture
def second(tiny):
    """The tiny config with the same experiment again, on demand."""
    first = tiny["experiments"]["first"]
    tiny["experiments"]["second"] = copy.deepcopy(first) | {"on_demand": True}
    return tiny


def test_figures_of_sweeps_of_experiments_on_demand_wait_for_them():
    content = swept()
    content["experiments"]["teacher"]["on_demand"] = True
    assert Plan(content).figures.wanted() == []
    assert Plan(content).figures.paths() == []
    assert Plan(content).figures.paths(["over"]) == [
        f"results/figures/over.{suffix}" for suffix in ("svg", "png", "pdf")
    ]
    assert Plan({**content, "enabled": ["teacher"]}).figures.wanted() == ["over"]


def test_a_figure_of_sweeps_reads_each_once_as_the_run_of_an_experiment():
    beside = [{"experiment": "first", "run": run} for run in ("small", "decay-50")]
    plan = Plan(swept(beside=beside))
    inputs = plan.figures.inputs("over")
    batches = plan.experiments.batches("first")
    tables = [*plan.experiments.tables(["first"]), *plan.sweeps.keys.named_tables("mine")]
    assert inputs["tables"] == tables
    assert len(tables) == 2 * len(batches) + 1
    (chunk,) = plan.sweeps.keys.chunks("mine")
    told = plan.sweeps.keys.chunk("mine", chunk, "0-1")
    assert tables[-1].names == ("sweeps.mine", "")
    assert tables[-1].made_from == identity(told)
    assert plan.sweeps.keys.tables("mine")[0].names == ("mine",)
    assert not any(inputs[what] for what in ("problems", "trajectories", "sweeps", "edges"))
    # Words for all that may stand on an axis, of sweeps and of experiments, and axes named.
    spec = plan.figures.figure("over")
    assert {"jacobian_rank", "l0", "diverged"} <= set(spec["metrics"])
    assert spec["figure"]["axes"] == {"model.widths.0": "width of layer 1"}


def test_a_figure_of_a_sweep_with_edges_is_told_of_them():
    content = swept()
    assert "edge" not in Plan(content).figures.figure("over")["metrics"]
    content["sweeps"]["mine"]["edges"] = True
    assert "edge" in Plan(content).figures.figure("over")["metrics"]


def test_a_figure_of_a_sweep_over_step_size_reads_its_values_and_edges(tiny):
    tiny["sweeps"] = {"grid": PHASES}
    panel = {"kind": "phase_diagram", "sweep": "grid", "panels": ["test_loss", "train_loss"]}
    tiny["figures"] = {"phases": panel}
    plan = Plan(tiny)
    inputs = plan.figures.inputs("phases")
    assert inputs["sweeps"] == plan.sweeps.tables("grid")
    assert inputs["edges"] == plan.sweeps.phases.edges_tables("grid")
    assert inputs["tables"] == []


def test_published_values_go_to_figures_of_their_experiment_that_show_them(second):
    values = {"l0": 3, "train_loss": 0.5, "test_loss": 0.25}
    block = {"figure": "Figure 2", "runs": {"small": values}}
    second["published"] = [{**block, "experiment": name} for name in ("first", "second")]
    networks = [
        {"experiment": "first", "metrics": ["l0"]},
        {"experiment": "second", "metrics": ["test_loss"]},
    ]
    for name in ("first", "second"):
        # Runs whose durations are compared end alike.
        second["experiments"][name]["runs"]["small"]["schedule"]["step_size"] = 0.025
    about = {"reference": "small", "runs": ["decay-50"], "networks": networks}
    second["figures"] |= {
        "both": {"kind": "agreement", **about},
        "change": {
            "kind": "duration_effect",
            "columns": [{"experiment": "first", "panels": ["l0"]}],
        },
    }
    plan = Plan(second)
    told = plan.figures.figure("both")["experiments"]
    assert told["first"]["published"] == {"small": {"l0": 3}}
    assert told["second"]["published"] == {"small": {"test_loss": 0.25}}
    assert "published" not in plan.figures.figure("change")["experiments"]["first"]


def test_published_values_in_the_order_of_config_and_of_wanted_experiments(second):
    runs = {"small": {"l0": 3, "beta_error": 0.1}, "decay-50": {"l0": 2}}
    shown_by = {"experiment": "first", "run": "small"}
    outside = [{"run": "small", "metrics": ["l0"], "reason": "another", "shown_by": shown_by}]
    block = {"figure": "Figure 2", "experiment": "second", "runs": runs, "outside": outside}
    second["published"] = [block]
    # What shows a value of an experiment that nobody asked for need not be read.
    assert Plan(second).published.comparison() == {"published": [], "tables": []}
    assert Plan(second).published.inputs() == []
    (told,) = Plan({**second, "enabled": ["second"]}).published.comparison()["published"]
    assert told.pop("values") == [
        ["small", "l0", 3],
        ["small", "beta_error", 0.1],
        ["decay-50", "l0", 2],
    ]
    assert told == {
        "figure": "Figure 2",
        "experiment": "second",
        "source": "digitised",
        "outside": outside,
    }


def test_what_stands_beside_published_values_is_read_with_what_shows_their_reasons(second):
    """Of the experiments that have some, and those by whose replicates a reason is shown."""
    second["experiments"]["third"] = copy.deepcopy(second["experiments"]["second"])
    reason = {"run": "small", "metrics": ["l0"], "reason": "another"}
    shown_by = {"experiment": "first", "run": "small"}
    block = {"figure": "Figure 2", "runs": {"small": {"l0": 3}}}
    outside = [reason, {**reason, "shown_by": shown_by}]
    second["published"] = [
        {**block, "experiment": "second", "outside": outside},
        {**block, "experiment": "third"},
    ]
    plan = Plan({**second, "enabled": ["second"]})
    told = plan.published.comparison()
    assert [of["experiment"] for of in told["published"]] == ["second"]
    assert list(dict.fromkeys(name for name, *_ in told["tables"])) == ["first", "second"]
    assert len(plan.published.inputs()) == len(told["tables"])
    both = Plan({**second, "enabled": ["second", "third"]}).published
    names = dict.fromkeys(name for name, *_ in both.comparison()["tables"])
    assert list(names) == ["first", "second", "third"]


def test_values_of_one_run_from_two_figures_are_put_together(second):
    block = {"figure": "Figure 2", "experiment": "first"}
    second["published"] = [
        {**block, "runs": {"small": {"l0": 3}, "decay-50": {"l0": 2}}},
        {**block, "figure": "Figure 3", "runs": {"small": {"test_loss": 0.5}}},
    ]
    published = Plan(second).published
    assert published.of("first") == {"small": {"l0": 3, "test_loss": 0.5}, "decay-50": {"l0": 2}}
    assert published.of("first", {"test_loss"}) == {"small": {"test_loss": 0.5}}
    assert published.of("second") == {}


def test_claims_of_experiments_on_demand_are_made_where_they_are_asked_for(second):
    for name in ("first", "second"):
        second["experiments"][name]["replicates"] = 5
    for enabled, told in (([], ["first"]), (["second"], ["first", "second"])):
        plan = Plan({**second, "enabled": enabled})
        assert [entry["name"] for entry in spec_of(plan, "claims")["experiments"]] == told
        assert [entry["name"] for entry in spec_of(plan, "report")["experiments"]] == told
        assert {line.split(".")[1] for line in plan.report.remarks()} == set(told)
        assert {name for name, *_ in spec_of(plan, "summary")["tables"]} == set(told)


def test_fractions_of_the_edge_are_told_to_claims_of_a_trend_alone(tiny):
    def told():
        (entry,) = spec_of(Plan(tiny), "claims")["experiments"]
        return entry

    assert set(told()) == {"name", "iterations", "claims", "runs"}
    assert told()["iterations"] == 60
    tiny["experiments"]["first"]["claims"] = {"trend": ["l0", "train_loss"]}
    assert set(told()["ratios"]) <= {"l0", "train_loss"}


def test_which_runs_are_perturbed_and_by_how_much(second):
    assert spec_of(Plan(second), "summary")["perturbed"] == {}
    run = second["experiments"]["first"]["runs"]["small"]
    run["algorithm"] = {"kind": "sgd", "perturbation": 1e-6}
    # Of what is not wanted, nothing is told.
    second["experiments"]["third"] = copy.deepcopy(second["experiments"]["first"])
    second["experiments"]["third"]["on_demand"] = True
    for vary, copies in ((["order"], False), ([], True)):
        second["experiments"]["first"]["problem"]["vary"] = vary
        plan = Plan({**second, "enabled": ["second"]})
        small = {"size": 1e-6, "copies": copies}
        assert spec_of(plan, "summary")["perturbed"] == {"first": {"small": small}}


def test_what_the_ids_of_settings_are_of(tiny):
    content = with_simulations(tiny) | {"sweeps": {"grid": copy.deepcopy(PHASES)}}
    first = content["experiments"]["first"]
    grid, parabolas = content["sweeps"]["grid"], content["simulations"]["parabolas"]
    small = first["runs"]["small"]["schedule"]
    edits = [
        (first, {"replicates": 4}, {"experiments.first"}),
        (first["measure"], {"losses": None, "dead": None}, {"experiments.first"}),
        (small, {"step_size": 0.02}, {"experiments.first", "runs.first"}),
        (grid, {"replicates": 3}, {"sweeps.grid"}),
        (grid, {"step_size": [0.01, 0.02]}, {"sweeps.grid"}),
        (parabolas, {"seed": 1}, {"simulations.parabolas"}),
        (first, {"title": "Other"}, set()),
    ]
    for block, edit, names in edits:
        before = Plan(content).report.settings()
        block |= edit
        after = Plan(content).report.settings()
        assert {name for name in before if before[name] != after[name]} == names


def test_a_sweep_over_keys_is_told_by_points_and_replicates():
    def of(**changes):
        content = raw(experiment="teacher", over={"model.widths.0": [4, 5]})
        content["sweeps"]["mine"] |= changes
        return Plan(content).report.settings()["sweeps.mine"]

    assert len({of(), of(replicates=3), of(over={"model.widths.0": [4, 6]})}) == 3
    assert of(run="large") == of()
