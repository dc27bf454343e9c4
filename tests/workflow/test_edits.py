"""What an edit must re-run, and nothing more: one test for each row of the table in README.md."""

import os
import random
import subprocess

import pandas as pd
import pytest
import source_edits
import yaml

from conftest import with_simulations
from sparsestep.claims import published
from sparsestep.claims.verdicts import COLUMNS
from sparsestep.plan import Plan
from workflow.runner import WORKFLOW

# What follows when the measurements of experiment `first` change.
DOWNSTREAM = {
    "draw_training_curves": 1,
    "draw_end_values": 1,
    "summarise_measurements": 1,
    "judge_claims": 1,
    "write_report": 1,
}


def change(workflow, *path_and_value):
    workflow.change("experiments", "first", *path_and_value)


def test_everything_is_there_and_nothing_left_to_do(finished):
    assert finished.planned() == {}
    results = finished.folder / "results"
    for name in ("curves", "ends", "other"):
        for kind in ("svg", "png", "pdf"):
            assert (results / "figures" / f"{name}.{kind}").stat().st_size > 1000
    assert (results / "summary.csv").is_file()
    claims = pd.read_csv(results / "claims.csv")
    assert tuple(claims.columns) == COLUMNS + published.COLUMNS
    # Every row is counted in the report.
    page = (results / "report.html").read_text()
    for claim, count in claims["claim"].value_counts().items():
        assert f"<td>{claim}</td><td>{count}</td>" in page
    assert not list(results.rglob("*.tmp"))


def test_running_twice_does_nothing_the_second_time(edited):
    before = edited.contents("**/*")
    assert "Nothing to be done" in edited.run("--cores", "2")
    assert edited.contents("**/*") == before


def test_one_step_size_and_back(edited):
    change(edited, "runs", "small", "schedule", "step_size", 0.02)
    assert edited.planned() == {"train_run": 1, "measure_run": 1, **DOWNSTREAM}
    edited.run("--cores", "2")
    assert edited.planned() == {}
    change(edited, "runs", "small", "schedule", "step_size", 0.01)
    assert edited.planned() == DOWNSTREAM


def test_a_file_of_step_sizes(edited):
    def write(name, content):
        (edited.folder / name).write_text(content)
        change(edited, "runs", "small", "schedule", {"kind": "table", "path": name})

    write("steps.csv", "0,0.02\n30,0.01\n")
    assert edited.planned() == {"train_run": 1, "measure_run": 1, **DOWNSTREAM}
    edited.run("--cores", "2")
    assert edited.planned() == {}
    # Moved, and written differently.
    (edited.folder / "steps.csv").unlink()
    write("other.txt", "iteration step_size\n0 2e-2\n20 0.02\n30 1e-2\n")
    assert edited.planned() == {}
    write("other.txt", "0,0.02\n30,0.011\n")
    assert edited.planned() == {"train_run": 1, "measure_run": 1, **DOWNSTREAM}
    (edited.folder / "other.txt").unlink()
    said = edited.snakemake("-n").stdout
    assert "schedule.path: got 'other.txt'; there is no such file in" in said


def test_two_swapped_values(edited):
    # Snakemake compares params as a set without names; the spec is one string.
    config = edited.config
    runs = config["experiments"]["first"]["runs"]
    small, decay = runs["small"]["schedule"], runs["decay-50"]["schedule"]
    small["step_size"], decay["step_size"] = decay["step_size"], small["step_size"]
    edited.write_config(config)
    assert edited.planned() == {"train_run": 2, "measure_run": 2, **DOWNSTREAM}


def test_the_same_config_written_differently(edited):
    config = edited.config
    text = yaml.safe_dump(config, sort_keys=True)
    # What is shown follows the order of experiments, runs and figures; all else does not.
    for part in ("experiments", "figures"):
        config[part] = {
            name: {
                key: value if key == "runs" else _reversed(value)
                for key, value in reversed(entry.items())
            }
            for name, entry in config[part].items()
        }
    text = yaml.safe_dump(config, sort_keys=False)
    assert "step_size: 0.01" in text
    text = text.replace("step_size: 0.01", "step_size: 1.0e-2").replace("0.05", "5e-2")
    (edited.folder / "config.yaml").write_text(f"# A comment.\n{text}")
    assert edited.planned() == {}


def _reversed(value):
    return dict(reversed(value.items())) if isinstance(value, dict) else value


def test_a_threshold(edited):
    change(edited, "measure", "jacobian_rank", "threshold", 1e-12)
    assert edited.planned() == {"measure_run": 2, **DOWNSTREAM}


def test_a_figure_module(edited):
    edited.append("src/sparsestep/figures/specs/end_values.py", "_EDITED = 1")
    assert edited.planned() == {"draw_end_values": 1, "write_report": 1}


def test_a_figure_of_trajectories_does_not_wait_for_measurements(edited):
    config = edited.config
    config["figures"]["moving"] = {
        "kind": "loss_surface_animation",
        **{"experiment": "first", "flow": "small", "runs": ["decay-50"]},
    }
    edited.write_config(config)
    drawn = {"draw_loss_surface_animation": 1}
    assert edited.planned() == {**drawn, "write_report": 1}
    edited.run("--cores", "2")
    assert edited.planned() == {}
    for kind in ("gif", "svg", "png", "pdf"):
        assert (edited.folder / "results" / "figures" / f"moving.{kind}").stat().st_size > 1000
    assert "data:image/gif;base64," in (edited.folder / "results" / "report.html").read_text()
    change(edited, "measure", "jacobian_rank", "threshold", 1e-4)
    assert edited.planned() == {"measure_run": 2, **DOWNSTREAM}
    change(edited, "runs", "small", "schedule", "step_size", 0.02)
    assert edited.planned() == {"train_run": 1, "measure_run": 2, **DOWNSTREAM, **drawn}


def test_an_option_of_a_simulation(edited):
    edited.write_config(with_simulations(edited.config))
    drawn = {"draw_quadratic": 1, "draw_bifurcation": 1}
    tabulated = {"tabulate_quadratic": 1, "tabulate_stabilization": 1}
    everything = {"run_simulation": 4, **drawn, **tabulated, "write_report": 1}
    assert edited.planned() == everything
    edited.run("--cores", "2")
    assert edited.planned() == {}
    page = (edited.folder / "results" / "report.html").read_text()
    assert "Table: settling" in page
    config = edited.config
    config["simulations"]["descents"]["steps"] = 21
    edited.write_config(config)
    expected = {"run_simulation": 1, "draw_quadratic": 1, "write_report": 1}
    assert edited.planned() == expected
    # The words of a table re-run no simulation, its kernel those of its kind.
    config["simulations"]["descents"]["steps"] = 20
    edited.write_config(config)
    edited.append("src/sparsestep/simulations/quadratic_errors.py", "_EDITED = 1")
    assert edited.planned() == {"tabulate_quadratic": 1, "write_report": 1}
    edited.append("src/sparsestep/simulations/quadratic_kernel.py", "_EDITED = 1")
    assert edited.planned() == {
        "run_simulation": 1,
        "tabulate_quadratic": 1,
        "draw_quadratic": 1,
        "write_report": 1,
    }


def test_the_style_of_figures(edited):
    edited.append("src/sparsestep/figures/parts/style.py", "_EDITED = 1")
    assert edited.planned() == {
        "draw_training_curves": 2,
        "draw_end_values": 1,
        "write_report": 1,
    }


def test_a_measurement_module(edited):
    edited.append("src/sparsestep/measures/losses.py", "_EDITED = 1")
    assert edited.planned() == {
        "measure_run": 4,
        "draw_training_curves": 2,
        "draw_end_values": 1,
        "summarise_measurements": 1,
        "judge_claims": 1,
        "write_report": 1,
    }


def test_the_training_kernels(edited):
    edited.append("src/sparsestep/training/diagonal.py", "_EDITED = 1")
    assert edited.planned() == {
        "train_run": 4,
        "measure_run": 4,
        "draw_training_curves": 2,
        "draw_end_values": 1,
        "summarise_measurements": 1,
        "judge_claims": 1,
        "write_report": 1,
    }


def test_more_replicates(edited):
    change(edited, "replicates", 32)
    assert edited.planned() == {
        "generate_problem": 1,
        "train_run": 2,
        "measure_run": 2,
        **DOWNSTREAM,
    }


def test_fewer_replicates(edited):
    change(edited, "replicates", 8)
    batch = {"generate_problem": 1, "train_run": 2, "measure_run": 2}
    assert edited.planned() == {**batch, **DOWNSTREAM}
    edited.run("--cores", "2", "--until", "train_run")
    logs = sorted(edited.folder.glob("results/logs/runs/first/*/0-7/trajectory.log"))
    taken = 'taken over from other batches, by replicate: {"0": "0-15", '
    assert [log.read_text()[: len(taken)] for log in logs] == [taken] * 2
    assert edited.planned() == {"measure_run": 2, **DOWNSTREAM}
    edited.run("--cores", "2", "--until", "train_run", "--forcerun", "train_run")
    assert [log.read_text() for log in logs] == [""] * 2


def test_the_problem(edited):
    change(edited, "problem", "data_seed", 3)
    assert edited.planned() == {
        "generate_problem": 1,
        "train_run": 2,
        "measure_run": 2,
        **DOWNSTREAM,
    }


def test_step_sizes_in_units_of_the_edge(edited):
    change(edited, "runs", "small", "schedule", "step_size", {"of_edge": 0.5})
    assert edited.planned() == {
        "calibrate_edges": 1,
        "train_run": 1,
        "measure_run": 1,
        **DOWNSTREAM,
    }
    edited.run("--cores", "2")
    assert edited.planned() == {}
    change(edited, "runs", "small", "schedule", "step_size", {"of_edge": 0.6})
    assert edited.planned() == {"train_run": 1, "measure_run": 1, **DOWNSTREAM}


def test_a_run_that_follows_another(edited):
    config = edited.config
    runs = config["experiments"]["first"]["runs"]
    runs["small"]["algorithm"] = {"kind": "sgd", "log_loss": True}
    runs["sde"] = {"algorithm": {"kind": "sde", "of": "small"}}
    edited.write_config(config)
    edited.run()
    assert edited.planned() == {}
    # The SDE is trained again, because its step sizes and losses are the other run's.
    runs["small"]["schedule"]["step_size"] = 0.011
    edited.write_config(config)
    planned = edited.planned()
    assert planned["train_run"] == planned["measure_run"] == 2


def test_a_title_and_a_colour(edited):
    change(edited, "title", "Another title")
    change(edited, "runs", "small", "colour", "#123456")
    assert edited.planned() == {
        "draw_training_curves": 1,
        "draw_end_values": 1,
        "write_report": 1,
    }


def test_a_claim(edited):
    change(edited, "claims", "better", ["test_loss"])
    assert edited.planned() == {"judge_claims": 1, "write_report": 1}
    change(edited, "claims", "fits", {"train_loss": 0.01})
    assert edited.planned() == {"judge_claims": 1, "write_report": 1}
    edited.append("src/sparsestep/claims/verdicts.py", "_EDITED = 1")
    assert edited.planned() == {"judge_claims": 1, "write_report": 1}


def test_a_caption_s_text(edited):
    edited.edit("workflow/report/end_values.rst", "Each point", "Every point")
    assert edited.planned() == {"write_report": 1}


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("src/sparsestep/training/diagonal.py", "# A comment."),
        ("src/sparsestep/registry.py", 'FIGURES["new"] = "sparsestep.new"'),
    ],
    ids=["comment", "registry line"],
)
def test_edits_that_change_no_result(edited, file, line):
    edited.append(file, line)
    assert edited.planned() == {}


def test_a_renamed_module_and_then_a_constant_in_it(edited):
    package = edited.folder / "src" / "sparsestep"
    source_edits.rename_module(package, "measures.scaled_rank", "ranks.counted_rank")
    assert not (package / "measures" / "scaled_rank.py").exists()
    assert edited.planned() == {}
    edited.append("src/sparsestep/ranks/counted_rank.py", "_EDITED = 1")
    planned = edited.planned()
    assert planned.pop("measure_run") > 0
    assert set(planned) == set(DOWNSTREAM)


def test_a_field_added_to_every_block(edited):
    edited.write_config(with_simulations(edited.config))
    edited.run("--cores", "2")
    changed = source_edits.add_field_to_every_block(edited.folder / "src" / "sparsestep")
    assert len(changed) > 20
    assert edited.planned() == {}


def test_touch(edited):
    for path in edited.folder.rglob("*"):
        if ".snakemake" not in path.parts:
            path.touch()
    assert edited.planned() == {}


def test_touched_inputs_in_any_order(edited):
    # As after `git checkout` or a copy that forgets times: inputs look newer than outputs.
    paths = [path for path in edited.folder.rglob("*") if path.is_file()]
    random.Random(0).shuffle(paths)
    for age, path in enumerate(paths):
        os.utime(path, (1.7e9 + age, 1.7e9 + age))
    assert edited.planned() == {}


def test_fresh_clone_with_copied_results(finished, tmp_path):
    """Sources from one place, results and Snakemake's records from another, new times."""
    clone = tmp_path / "elsewhere" / "clone"
    clone.mkdir(parents=True)
    for name in (*WORKFLOW, "config.yaml", "results", ".snakemake"):
        subprocess.run(["cp", "-r", finished.folder / name, clone], check=True)
    assert type(finished)(clone).planned() == {}


def test_a_run_with_a_model_of_its_own_is_trained_and_measured_on_its_own_problem(edited):
    # Its initial parameters are in the problem's file; a stage that gets another one's refuses it.
    run = {"schedule": {"kind": "constant", "step_size": 0.01}, "model": {"u": 0.3}}
    edited.change("experiments", "second", "runs", "wide", run)
    plan = Plan(edited.config)
    (batch, *_) = plan.experiments.batches("second")
    path = plan.experiments.measurement_path("second", "wide", batch)
    edited.run("--cores", "2", path)
    own = plan.experiments.problem_path("second", batch, "wide")
    assert (edited.folder / own).is_file()
    assert own != plan.experiments.problem_path("second", batch)
    assert (edited.folder / path).is_file()
