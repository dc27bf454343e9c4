"""Ids, paths, batches, and what a job is told."""

import json
import re
import subprocess
import sys

import pytest

from conftest import batch_of
from sparsestep.artifacts.identity import canonical_json, identity
from sparsestep.errors import ConfigError
from sparsestep.plan import Plan, paths, whole
from sparsestep.plan.blocks import dumped
from sparsestep.problems import sparse_regression


def ids(raw):
    plan = Plan(raw)
    runs = {run: identity(plan.experiments.run("first", run)) for run in ("small", "decay-50")}
    return {"problem": identity(plan.experiments.problem("first")), **runs}


def changed(tiny, edit):
    """Which ids an edit of the config changes."""
    before = ids(tiny)
    edit(tiny["experiments"]["first"])
    after = ids(tiny)
    return {name for name in before if before[name] != after[name]}


def test_one_step_size_changes_one_run(tiny):
    def edit(experiment):
        experiment["runs"]["small"]["schedule"]["step_size"] = 0.02

    assert changed(tiny, edit) == {"small"}


def test_the_problem_decides_its_runs(tiny):
    def edit(experiment):
        experiment["problem"]["data_seed"] = 5

    assert changed(tiny, edit) == {"problem", "small", "decay-50"}


def test_snapshots_change_the_runs(tiny):
    def edit(experiment):
        experiment["snapshots"]["first"] = 6

    assert changed(tiny, edit) == {"small", "decay-50"}


def test_display_measurements_and_replicates_change_no_id(tiny):
    def edit(experiment):
        experiment["title"] = "Other"
        experiment["replicates"] = 40
        experiment["measure"]["jacobian_rank"]["threshold"] = 1e-3
        experiment["runs"]["small"] |= {"label": "tiny steps", "colour": "#123456"}
        experiment["claims"] = {"better": ["test_loss"]}

    assert changed(tiny, edit) == set()


def test_names_and_colours_change_no_verdict(tiny):
    def told():
        return Plan(tiny).jobs.spec("claims")(None)

    before = told()
    experiment = tiny["experiments"]["first"]
    experiment["title"] = "Other"
    experiment["runs"]["small"] |= {"label": "tiny steps", "colour": "#123456"}
    assert told() == before
    experiment["runs"]["small"]["schedule"]["step_size"] = 0.02
    assert told() != before


def test_key_order_and_defaults_written_out_change_nothing(tiny):
    def edit(experiment):
        experiment["runs"] = dict(reversed(experiment["runs"].items()))
        experiment["problem"] = dict(reversed(experiment["problem"].items()))
        experiment["problem"]["vary"] = ["order"]
        experiment["runs"]["small"]["algorithm"] = {"kind": "sgd"}
        experiment["runs"]["decay-50"]["schedule"]["boundary"] = "included"

    assert changed(tiny, edit) == set()


def test_the_order_in_which_the_streams_that_vary_are_written_changes_nothing(tiny):
    tiny["experiments"]["first"]["problem"]["vary"] = ["data", "order"]

    def edit(experiment):
        experiment["problem"]["vary"] = ["order", "data", "order"]

    assert changed(tiny, edit) == set()


def test_an_experiment_s_name_is_not_part_of_the_id(tiny):
    before = ids(tiny)
    tiny["experiments"]["second"] = tiny["experiments"]["first"]
    assert identity(Plan(tiny).experiments.run("second", "small")) == before["small"]


def test_a_run_that_follows_another(tiny):
    runs = tiny["experiments"]["first"]["runs"]
    runs["small"]["algorithm"] = {"kind": "sgd", "log_loss": True}
    runs["sde"] = {"algorithm": {"kind": "sde", "of": "small"}}
    before = Plan(tiny)
    spec = before.experiments.run("first", "sde")
    assert spec["schedule"] == before.experiments.run("first", "small")["schedule"]
    assert spec["followed"] == {"algorithm": before.experiments.run("first", "small")["algorithm"]}
    assert before.experiments.followed_path("first", "sde", "0-2") == [
        before.experiments.trajectory_path("first", "small", "0-2")
    ]
    assert before.experiments.followed_path("first", "small", "0-2") == []
    # Another step size of the run that is followed is another run for both.
    runs["small"]["schedule"]["step_size"] = 0.02
    after = Plan(tiny)
    for run in ("small", "sde"):
        assert identity(before.experiments.run("first", run)) != identity(
            after.experiments.run("first", run)
        )
    assert before.experiments.run("first", "decay-50") == after.experiments.run("first", "decay-50")


def test_the_edge_of_a_run_that_follows_another_is_that_run_s(tiny):
    runs = tiny["experiments"]["first"]["runs"]
    runs["small"]["algorithm"] = {"kind": "sgd", "log_loss": True}
    runs["small"]["schedule"]["step_size"] = {"of_edge": 0.9}
    runs["sde"] = {"algorithm": {"kind": "sde", "of": "small"}}
    plan = Plan(tiny)
    assert plan.experiments.edges("first", "sde") == plan.experiments.edges("first", "small")
    assert plan.experiments.edges_path("first", "sde", "0-2") == plan.experiments.edges_path(
        "first", "small", "0-2"
    )


def test_canonical_json():
    assert (
        canonical_json({"b": 0.1 + 0.2, "a": [1, 1e-15]})
        == '{"a":[1,1e-15],"b":0.30000000000000004}'
    )
    with pytest.raises(ValueError, match="Out of range"):
        canonical_json(float("nan"))


@pytest.mark.parametrize(
    ("replicates", "batches"),
    [(1, ["0-0"]), (16, ["0-15"]), (17, ["0-15", "16-16"]), (32, ["0-15", "16-31"])],
)
def test_batches(tiny, replicates, batches):
    tiny["experiments"]["first"]["replicates"] = replicates
    assert Plan(tiny).experiments.batches("first") == batches


def test_replicates_of_a_job_as_many_as_the_user_says(tiny):
    first = tiny["experiments"]["first"]
    first |= {"replicates": 100}
    before = Plan(tiny).experiments
    assert [before.batches("first")[0], len(before.batches("first"))] == ["0-15", 7]
    first["replicates_per_job"] = 60
    plan = Plan(tiny).experiments
    assert plan.batches("first") == ["0-59", "60-99"]
    # What decides a replicate is what it was.
    assert plan.run("first", "small") == before.run("first", "small")


def test_a_problem_may_say_how_many_replicates_a_job_takes(tiny, monkeypatch):
    monkeypatch.setattr(sparse_regression.Spec, "replicates_per_batch", 2, raising=False)
    assert Plan(tiny).experiments.batches("first") == ["0-1", "2-2"]


def test_paths_match_the_wildcards(tiny):
    plan = Plan(tiny)
    path = plan.experiments.trajectory_path("first", "decay-50", "0-2")
    patterns = {name: f"(?P<{name}>{pattern})" for name, pattern in paths.WILDCARDS.items()}
    match = re.fullmatch(paths.TRAJECTORY.format(**patterns), path)
    assert match.groupdict() == {
        "experiment": "first",
        "run": "decay-50",
        "run_id": identity(plan.experiments.run("first", "decay-50")),
        "batch": "0-2",
    }


def test_a_job_is_told_what_decides_its_content(tiny):
    plan = Plan(tiny)
    run = plan.experiments.run("first", "small")
    wildcards = batch_of("first", run="small", run_id=identity(run))
    spec = json.loads(plan.jobs.spec("train")(wildcards))
    assert spec == {**run, "replicates": [0, 2]}
    measured = json.loads(plan.jobs.spec("measure")(wildcards))
    assert measured == {**spec, "measure": dumped(plan.config.experiments["first"].measure)}


@pytest.mark.parametrize(
    "changes", [{"run_id": "0" * 12}, {"batch": "0-15"}, {"run": "large"}, {"experiment": "none"}]
)
def test_jobs_that_config_does_not_ask_for(tiny, changes):
    plan = Plan(tiny)
    run_id = identity(plan.experiments.run("first", "small"))
    wildcards = batch_of("first", run="small", run_id=run_id)
    vars(wildcards).update(changes)
    with pytest.raises(ConfigError):
        plan.jobs.spec("train")(wildcards)


@pytest.fixture
def with_paths(tiny):
    """The tiny config with a figure that shows trajectories, and its animation."""
    entry = {"kind": "loss_surface", "experiment": "first", "flow": "small", "runs": ["decay-50"]}
    tiny["figures"] |= {
        "paths": entry,
        "moving": {**entry, "kind": "loss_surface_animation"},
    }
    return tiny


def test_a_figure_depends_on_what_it_shows(with_paths):
    with_paths["experiments"]["first"]["replicates"] = 20
    plan = Plan(with_paths)
    runs = ["small", "decay-50"]
    assert plan.figures.input_paths("paths") == {
        "tables": [],
        "problems": [plan.experiments.problem_path("first", "0-15")],
        "trajectories": [plan.experiments.trajectory_path("first", run, "0-15") for run in runs],
        "simulations": [],
        "sweeps": [],
        "edges": [],
    }
    assert plan.figures.input_paths("curves") == {
        "tables": plan.experiments.measurement_paths(),
        "problems": [],
        "trajectories": [],
        "simulations": [],
        "sweeps": [],
        "edges": [],
    }
    spec = json.loads(plan.jobs.spec("figure")(batch_of("first", figure="paths")))
    made_from = {**plan.experiments.run("first", "small"), "replicates": [0, 15]}
    assert spec["sources"]["trajectories"][0] == ["first", "small", identity(made_from)]


def test_a_caption_is_nothing_to_a_figure(with_paths):
    def spec():
        return Plan(with_paths).jobs.spec("figure")(batch_of("first", figure="curves"))

    before = spec()
    with_paths["figures"]["curves"]["caption"] = "Other words."
    assert spec() == before
    with_paths["figures"]["curves"]["panels"] = ["l0"]
    assert spec() != before


def test_measurements_are_nothing_to_a_figure_of_trajectories(with_paths):
    def specs():
        plan = Plan(with_paths)
        return [
            plan.jobs.spec("figure")(batch_of("first", figure=name)) for name in ("paths", "curves")
        ]

    before = specs()
    with_paths["experiments"]["first"]["measure"]["jacobian_rank"]["threshold"] = 1e-3
    after = specs()
    assert [one == other for one, other in zip(before, after, strict=True)] == [True, False]


def test_a_figure_is_wanted_where_all_that_it_shows_is(tiny):
    tiny["experiments"]["second"] = {**tiny["experiments"]["first"], "on_demand": True}
    networks = [{"experiment": name, "metrics": ["l0"]} for name in ("first", "second")]
    both = {"kind": "agreement", "reference": "small", "runs": ["decay-50"], "networks": networks}
    tiny["figures"]["both"] = both
    assert Plan(tiny).figures.wanted() == ["curves", "ends"]
    assert Plan({**tiny, "enabled": ["second"]}).figures.wanted() == ["curves", "ends", "both"]


def test_formats(with_paths):
    plan = Plan(with_paths)
    assert {f"results/figures/moving.{kind}" for kind in ("gif", "svg", "png", "pdf")} <= {
        *plan.figures.paths()
    }
    assert "results/figures/paths.gif" not in plan.figures.paths()
    shown = ["curves.svg", "ends.svg", "paths.svg", "moving.gif"]
    assert plan.figures.shown_paths() == [f"results/figures/{name}" for name in shown]


def test_the_report_is_told_the_last_snapshot_and_what_a_figure_shows(tiny, published):
    spec = json.loads(Plan(tiny).jobs.spec("report")(None))
    assert spec["figures"][0]["shows"] == [["first", "l0"], ["first", "train_loss"]]
    assert (spec["experiments"][0]["last_snapshot"], spec["experiments"][0]["iterations"]) == (
        50,
        60,
    )
    shown = {
        entry["name"]: entry
        for entry in json.loads(published.jobs.spec("report")(None))["experiments"]
    }
    assert shown["diagonal"]["last_snapshot"] == 99599


def test_claims_read_the_experiments_that_claim_something(tiny):
    tiny["experiments"]["second"] = {**tiny["experiments"]["first"], "claims": {}}
    plan = Plan(tiny)
    assert plan.report.claims_inputs() == plan.experiments.measurement_paths(["first"])
    spec = json.loads(plan.jobs.spec("claims")(None))
    assert [entry["name"] for entry in spec["experiments"]] == ["first"]
    tiny["experiments"]["first"]["claims"] = {}
    assert Plan(tiny).report.claims_inputs() == []


def test_an_experiment_called_like_a_rule(tiny):
    assert Plan(tiny).targets(reserved=["all", "figures"]) == ["first"]
    with pytest.raises(ConfigError, match=r"^experiments\.first: a rule of the workflow has this"):
        Plan(tiny).targets(reserved=["all", "first"])


def test_results_that_cannot_be_written(tmp_path, monkeypatch):
    whole.check_results_writable(tmp_path / "not" / "there" / "yet")
    assert not (tmp_path / "not").exists()
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"must be a folder .*, but .* is a file"):
        whole.check_results_writable(tmp_path / "file")
    with pytest.raises(ConfigError, match="must be a folder"):
        whole.check_results_writable(tmp_path / "file" / "results")
    # The user who runs the tests may be allowed everything.
    monkeypatch.setattr(whole.os, "access", lambda path, mode: False)
    with pytest.raises(ConfigError, match="cannot be written: no permission"):
        whole.check_results_writable(tmp_path)


@pytest.mark.parametrize("link", ["results", "results/runs"])
def test_results_that_are_a_link_to_nowhere(tmp_path, link):
    results, path = tmp_path / "results", tmp_path / link
    path.parent.mkdir(exist_ok=True)
    path.symlink_to("scratch")
    with pytest.raises(ConfigError, match=rf"{link} is a link to scratch, which is not there; "):
        whole.check_results_writable(results)
    (path.parent / "scratch").mkdir()
    whole.check_results_writable(results)
    path.unlink()
    path.symlink_to(path.name)
    with pytest.raises(ConfigError, match=r" is a link to \w+, which is not there; "):
        whole.check_results_writable(results)


def test_results_that_nobody_can_look_at(tmp_path):
    results = tmp_path / "results"
    whole.check_results_folder(results)
    results.symlink_to("scratch")
    whole.check_results_folder(results)
    results.unlink()
    results.symlink_to("results")
    with pytest.raises(ConfigError, match="results is a link that leads back to itself"):
        whole.check_results_folder(results)
    results.unlink()
    results.write_text("")
    with pytest.raises(ConfigError, match="results must be a folder"):
        whole.check_results_folder(results)


def test_planning_is_light(tmp_path):
    code = (
        "import sys, yaml; from types import SimpleNamespace as N;"
        "from sparsestep.plan import Plan; from sparsestep.artifacts.identity import identity;"
        "plan = Plan(yaml.safe_load(open('config.yaml')));"
        "w = N(experiment='diagonal', run='small', batch='0-15', figure='diagonal',"
        " problem_id=identity(plan.experiments.problem('diagonal')),"
        " run_id=identity(plan.experiments.run('diagonal', 'small')));"
        "[plan.jobs.code('figure')(N(figure=name)) for name in plan.config.figures];"
        "stages = ('generate', 'train', 'measure', 'figure', 'summary', 'claims', 'report');"
        "assert len({plan.jobs.code(stage)(w) for stage in stages}) == 7;"
        "print(*{name.split('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {
        "torch",
        "numba",
        "pandas",
        "matplotlib",
        "seaborn",
        "pyarrow",
        "scipy",
        "sklearn",
        "jinja2",
    }
    assert heavy.isdisjoint(done.stdout.split())


def test_the_target_of_an_experiment_has_figures_of_it_alone(tiny):
    tiny["experiments"]["second"] = {**tiny["experiments"]["first"]}
    networks = [{"experiment": name, "metrics": ["l0"]} for name in ("first", "second")]
    tiny["figures"]["both"] = {
        "kind": "agreement",
        "reference": "small",
        "runs": ["decay-50"],
        "networks": networks,
    }
    tiny["figures"]["alone"] = {**tiny["figures"]["both"], "networks": networks[:1]}
    plan = Plan(tiny)
    paths = plan.target_paths("first")
    figures = [path for path in paths if path.startswith("results/figures/")]
    assert {path.rpartition("/")[2].partition(".")[0] for path in figures} == {
        *(name for name, of in tiny["figures"].items() if of.get("experiment") == "first"),
        "alone",
    }
    assert plan.figures.of_experiment("second") == []
    assert all("/second/" not in path for path in paths)
