"""Snakemake's own report, `snakemake --report`: figures with the captions of the report page."""

import copy
import zipfile

from conftest import TINY
from workflow.runner import Workflow


def test_captions_know_what_an_experiment_takes_from_another(tmp_path):
    config = copy.deepcopy(TINY)
    first = config["experiments"]["first"]
    first["runs"]["as-sgd"] = {"algorithm": {"kind": "gd_on_noisy_labels", "of": "sgd"}}
    first["runs"]["sgd"] = {
        "algorithm": {"kind": "sgd", "log_loss": True},
        "schedule": {"kind": "constant", "step_size": 0.01},
    }
    first["measure"]["label_noise"] = None
    config["experiments"]["second"] = {"like": "first", "replicates": 2}
    shown = {"kind": "label_noise", "networks": ["second"], "runs": ["sgd", "as-sgd"]}
    config["figures"] = {"noise": shown}
    workflow = Workflow.create(tmp_path / "workflow", config)
    done = workflow.snakemake("--cores", "2", "results/figures/noise.svg")
    assert done.returncode == 0, done.stdout
    done = workflow.snakemake("--report", "report.zip", "results/figures/noise.svg")
    assert done.returncode == 0, done.stdout
    with zipfile.ZipFile(workflow.folder / "report.zip") as report:
        pages = b"".join(report.read(name) for name in report.namelist()).decode("utf-8", "replace")
    # The caption says how much was simulated; `iterations` stands in the first experiment alone.
    assert "second: 2 replicates," in pages
    assert "60 iterations" in pages
