"""What README.md tells a user to type works."""

import copy
import re
import shlex
import subprocess
import sys

import pandas as pd
import pytest
import sklearn.datasets
import yaml

from conftest import ROOT
from sparsestep.images.compute import Compute
from sparsestep.plan import Plan
from workflow.runner import Workflow

README = (ROOT / "README.md").read_text()


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


def commands():
    lines = [line.split("#")[0].strip() for block in blocks("sh") for line in block.splitlines()]
    return [line for line in lines if line]


def test_only_known_commands():
    assert {command.split()[0] for command in commands()} == {"make", "snakemake"}


CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text())


def of_snakemake(on_demand):
    """Options of the commands that name, or do not name, an experiment of config.yaml."""
    found = [shlex.split(c)[1:] for c in commands() if c.startswith("snakemake")]
    named = [bool(set(options) & set(CONFIG["experiments"])) for options in found]
    return [o for o, is_named in zip(found, named, strict=True) if is_named == on_demand]


@pytest.mark.parametrize("options", of_snakemake(on_demand=True), ids=" ".join)
def test_commands_that_name_an_experiment(tmp_path, options):
    # What they compute takes a GPU and a download.
    workflow = Workflow.create(tmp_path / "workflow", CONFIG)
    planned = workflow.run("-n", *(option for option in options if option != "-n"))
    assert re.search(r"^train_images +24$", planned, flags=re.MULTILINE)
    assert "write_report" not in planned


def test_compute_block():
    (block,) = (b for b in map(yaml.safe_load, blocks("yaml")) if "compute" in b)
    assert Compute(**block["compute"]) == Compute(data_dir=block["compute"]["data_dir"])


@pytest.mark.parametrize("options", of_snakemake(on_demand=False), ids=" ".join)
def test_snakemake_commands(finished, tmp_path, options):
    workflow = finished.copy(tmp_path / "copy")
    (workflow.folder / "results" / "figures" / "curves.png").unlink()
    workflow.run(*options)
    done = (workflow.folder / "results" / "figures" / "curves.png").exists()
    assert done == ("-n" not in options)


def test_make_targets_exist():
    makefile = (ROOT / "Makefile").read_text()
    for command in commands():
        match command.split():
            case ["make", target]:
                assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE)


def examples():
    return [yaml.safe_load(block) for block in blocks("yaml")]


def test_example_of_an_experiment_that_is_like_another():
    (added,) = (b for b in examples() if "my_wide_student" in b.get("experiments", {}))
    raw = copy.deepcopy(CONFIG)
    raw["experiments"] |= added["experiments"]
    experiments = Plan(raw).config.experiments
    wide, narrow = experiments["my_wide_student"], experiments["relu_teacher"]
    assert wide.model == narrow.model.model_copy(update={"widths": [40]})
    assert wide.measure == narrow.measure
    assert list(wide.runs) == ["small", "decay-10", "decay-50"]
    changed = {"step_size": 0.2, "divide_by": 2.0}
    assert wide.runs["decay-50"].schedule == narrow.runs["decay-50"].schedule.model_copy(
        update=changed
    )


def test_example_of_runs_that_differ_in_more_than_steps():
    (added,) = (b for b in examples() if "my_starts" in b.get("experiments", {}))
    raw = copy.deepcopy(CONFIG)
    raw["experiments"] |= added["experiments"]
    plan = Plan(raw)
    entry = plan.config.experiments["my_starts"]
    scales = {name: entry.of_run(name).model.weight_scales for name in entry.runs}
    assert scales == {"small-init": [0.1, 0.1], "large-init": [2.0, 2.0], "wide": [0.5, 0.0]}
    assert len(plan.experiments.problems("my_starts")) == 4


def test_example_experiment(edited):
    (added,) = (b for b in examples() if "my_problem" in b.get("experiments", {}))
    added["experiments"]["my_problem"]["iterations"] = 300
    config = edited.config
    config["experiments"] |= added["experiments"]
    config["figures"] |= added["figures"]
    edited.write_config(config)
    # Its claims can be judged.
    assert not any("my_problem" in line for line in Plan(config).report.remarks())
    planned = edited.planned()
    assert (planned["generate_problem"], planned["train_run"], planned["measure_run"]) == (1, 2, 2)
    edited.run("--cores", "2")
    assert (edited.folder / "results" / "figures" / "my_problem.png").is_file()
    assert edited.planned() == {}


def test_example_of_a_table(tmp_path):
    (config,) = (b for b in examples() if "my_data" in b.get("experiments", {}))
    workflow = Workflow.create(tmp_path / "workflow", config)
    frame = sklearn.datasets.load_diabetes(as_frame=True).frame
    frame.to_csv(workflow.folder / "diabetes.csv", index=False)
    assert len(frame) == 442
    workflow.run("--cores", "2")
    assert (workflow.folder / "results" / "figures" / "my_data.png").is_file()
    page = (workflow.folder / "results" / "report.html").read_text()
    assert "442 patients, progression of their diabetes after a year" in page
    summary = pd.read_csv(workflow.folder / "results" / "summary.csv")
    losses = summary[summary["metric"] == "test_loss"]
    assert len(losses) == 16
    # A mean as prediction has about 1, in units of the training labels' variance.
    assert losses["value"].median() < 1
    assert workflow.planned() == {}


def test_example_sweep():
    raw = yaml.safe_load((ROOT / "config.yaml").read_text())
    for added in examples():
        raw["sweeps"] |= added.get("sweeps", {})
        raw["figures"] |= added.get("figures", {}) if "sweeps" in added else {}
    plan = Plan(raw)
    assert "results/figures/my_phases.png" in plan.figures.paths()
    assert len(plan.sweeps.keys.points("my_widths")) == 8
    assert len(plan.config.sweeps["my_phases"].points()) == 250


def test_example_of_a_module(finished, tmp_path):
    (example,) = blocks("snakemake")
    path = '"/path/to/sparsestep/Snakefile"'
    assert path in example
    (tmp_path / "config").mkdir()
    (tmp_path / "Snakefile").write_text(
        example.replace(path, repr(str(finished.folder / "Snakefile")))
    )
    importing = Workflow(tmp_path)
    (tmp_path / "config" / "config.yaml").write_text(yaml.safe_dump(finished.config))
    planned = importing.planned()
    assert (planned["train_run"], planned["write_report"]) == (4, 1)
    # Its file is checked as config.yaml is.
    (tmp_path / "config" / "config.yaml").write_text("experiments: {}\nexperiments: {}\n")
    assert (
        "config/config.yaml, line 2: 'experiments' is there twice"
        in importing.snakemake("-n").stdout
    )


def in_python(example, folder):
    command = [sys.executable, "-W", "error::DeprecationWarning", "-c", example]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_example_of_results_and_a_question(finished):
    example, _ = blocks("python")
    assert example.count('"diagonal"') == 2
    # Of an experiment that is computed here.
    said = in_python(example.replace('"diagonal"', '"first"'), finished.folder)
    assert "iteration" in said
    assert "cosine" in said
    assert "constant" in said


def test_example_of_the_stages():
    _, example = blocks("python")
    assert "iteration" in in_python(example, ROOT)


def test_error_message_that_is_quoted(edited):
    config = copy.deepcopy(CONFIG)
    config["experiments"]["diagonal"]["runs"]["small"]["schedule"]["step_size"] = -0.25
    edited.write_config(config)
    (quoted,) = blocks("text")
    assert quoted.strip() in edited.snakemake("-n").stdout.splitlines()
