"""A sweep in the workflow: what an edit must re-run, and nothing more."""

import pandas as pd
import pytest

from unit.sweeps.test_phases import SWEEP

DRAWN = {"collect_sweep": 1, "draw_phase_diagram": 1, "write_report": 1}


@pytest.fixture(scope="module")
def swept(finished, tmp_path_factory):
    """The tiny workflow with a sweep of experiment `first`, everything computed."""
    workflow = finished.copy(tmp_path_factory.mktemp("swept") / "workflow")
    config = workflow.config
    config["sweeps"] = {"phases": {**SWEEP, "replicates": 16, "edges": True}}
    config["figures"]["phases"] = {
        "kind": "phase_diagram",
        "sweep": "phases",
        "panels": ["l0", "test_loss"],
    }
    workflow.write_config(config)
    # The problem is there, and the experiment's runs are no part of a sweep.
    assert workflow.planned() == {"sweep_runs": 1, "calibrate_edges": 2, **DRAWN}
    workflow.run("--cores", "2")
    return workflow


@pytest.fixture
def edited(swept, tmp_path):
    return swept.copy(tmp_path / "edited")


def change(workflow, **options):
    config = workflow.config
    config["sweeps"]["phases"] |= options
    workflow.write_config(config)


def test_nothing_left_to_do(swept):
    assert swept.planned() == {}
    results = swept.folder / "results"
    assert (results / "figures" / "phases.png").stat().st_size > 1000
    assert "the edge of the replicates" in (results / "report.html").read_text()
    table = pd.read_csv(results / "sweeps" / "phases.csv")
    assert len(table) == 3 * 2 * 16


def test_an_option_of_the_sweep(edited):
    change(edited, schedule={"kind": "step_decay", "divide_by": 3})
    assert edited.planned() == {"sweep_runs": 1, **DRAWN}
    # Back again: what was computed is found.
    change(edited, schedule=SWEEP["schedule"])
    assert edited.planned() == {}


def test_points_that_are_added(edited):
    change(edited, decay_at=[0.2, 0.5, 0.6])
    assert edited.planned() == {"sweep_runs": 1, "calibrate_edges": 1, **DRAWN}


def test_a_range_of_the_same_values(edited):
    change(edited, decay_at={"low": 0.2, "high": 0.5, "points": 2})
    # The report's page is told how config.yaml says it.
    assert "sweep_runs" not in edited.planned()


def test_more_replicates_than_the_experiment_has(edited):
    change(edited, replicates=18)
    expected = {"generate_problem": 1, "sweep_runs": 1, "calibrate_edges": 2}
    assert edited.planned() == {**expected, **DRAWN}


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("figures/draw/phase_diagram.py", "_MANY = 0.5", "_MANY = 0.6", {"draw_phase_diagram": 1}),
        ("measures/sparse_recovery.py", "size > options", "size >= options", {"sweep_runs": 1}),
        ("schedules/constant.py", "in_units(self.step_size))", "0.1)", {}),
    ],
)
def test_sources(edited, file, old, new, expected):
    edited.edit(f"src/sparsestep/{file}", old, new)
    planned = edited.planned()
    assert {rule: count for rule, count in planned.items() if rule in expected} == expected
    assert ("sweep_runs" in planned) == ("sweep_runs" in expected)


def test_a_run_of_the_experiment(edited):
    config = edited.config
    config["experiments"]["first"]["runs"]["small"]["schedule"]["step_size"] = 0.02
    edited.write_config(config)
    assert not {"sweep_runs", "draw_phase_diagram"} & set(edited.planned())


OVER_KEYS = {
    "experiment": "first",
    "run": "small",
    "over": {"problem.n_train": [4, 6], "schedule.step_size": [0.01, 0.05]},
}


@pytest.fixture(scope="module")
def over_keys(finished, tmp_path_factory):
    """The tiny workflow with a sweep over two keys of experiment `first`, everything computed."""
    workflow = finished.copy(tmp_path_factory.mktemp("keys") / "workflow")
    workflow.write_config({**workflow.config, "sweeps": {"keys": OVER_KEYS}})
    assert workflow.planned() == {"sweep_points": 1, "collect_points": 1, "write_report": 1}
    workflow.run("--cores", "2")
    return workflow


def test_a_sweep_over_keys(over_keys):
    assert over_keys.planned() == {}
    table = pd.read_csv(over_keys.folder / "results" / "sweeps" / "keys.csv")
    assert list(table)[:3] == ["problem.n_train", "schedule.step_size", "replicate"]
    assert len(table) == 4 * 16
    # The last step sizes are those of the run: it ends with the same numbers.
    summary = pd.read_csv(over_keys.folder / "results" / "summary.csv")
    here = (table["problem.n_train"] == 6) & (table["schedule.step_size"] == 0.01)
    of_run = summary[(summary["experiment"] == "first") & (summary["run"] == "small")]
    losses = of_run.loc[of_run["metric"] == "train_loss", "value"]
    assert table.loc[here, "train_loss"].tolist() == losses.tolist()


def test_edits_of_a_sweep_over_keys(over_keys, tmp_path):
    workflow = over_keys.copy(tmp_path / "edited")
    config = workflow.config
    over = config["sweeps"]["keys"]["over"]
    # Written in another way, and in the order of the keys' blocks alone.
    over["problem.n_train"] = {"low": 4, "high": 6, "points": 2, "whole": True}
    workflow.write_config(config)
    assert workflow.planned() == {}
    over["problem.n_train"] = [5, 6]
    workflow.write_config(config)
    assert workflow.planned() == {"sweep_points": 1, "collect_points": 1, "write_report": 1}
    over["problem.n_train"] = [4, 6]
    config["experiments"]["first"]["runs"]["decay-50"]["schedule"]["step_size"] = 0.04
    workflow.write_config(config)
    # Another run is no part of it.
    assert "sweep_points" not in workflow.planned()
