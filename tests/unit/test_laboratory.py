"""Results and experiments from Python: the numbers of the workflow; mistakes are one line."""

import copy
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import stage_jobs
import yaml

from conftest import TINY
from sparsestep import laboratory
from sparsestep.artifacts.tables import read_tables
from sparsestep.errors import ArtifactError, ConfigError
from sparsestep.laboratory import load, run
from sparsestep.plan import Plan
from unit.config.test_config_images import IMAGES

LOGGED = {"kind": "sgd", "log_loss": True}
DECAY = {"kind": "step_decay", "step_size": 0.05, "decay_at": 0.5, "divide_by": 2}
AT_THE_EDGE = {**DECAY, "step_size": {"of_edge": 0.9}}
# Two batches; runs that follow others stand before these, as in no order of computing.
SPARSE = {
    **TINY["experiments"]["first"],
    "replicates": 18,
    "problem": {**TINY["experiments"]["first"]["problem"], "vary": ["data", "order"]},
    "runs": {
        "sde": {"algorithm": {"kind": "sde", "of": "edge"}},
        "noisy": {"algorithm": {"kind": "gd_on_noisy_labels", "of": "logged"}},
        "edge": {"algorithm": LOGGED, "schedule": AT_THE_EDGE},
        "logged": {"algorithm": LOGGED, "schedule": DECAY},
        "below": {"schedule": {**AT_THE_EDGE, "step_size": {"of_edge": 0.5}}},
        "near": {"algorithm": {"kind": "sgd", "perturbation": 1e-6}, "schedule": AT_THE_EDGE},
        "exploding": {"schedule": {"kind": "cosine", "step_size": 5}},
    },
    "measure": {
        "losses": None,
        "sparse_recovery": None,
        "lasso_distance": None,
        "jacobian_rank": {"threshold": 1e-3},
        "step_size": None,
    },
}
LINE = {
    "replicates": 3,
    "iterations": 40,
    "problem": {"kind": "kink_regression", "init_seed": 3, "order_seed": 3, "n_fresh": 20},
    "model": {"kind": "mlp", "widths": [6], "biases": [True, True], "weight_scales": [1.0, 1.0]},
    "schedule": {"kind": "constant", "step_size": 0.01},
    "runs": {"single": {"algorithm": {"kind": "sgd", "precision": "float32"}}, "gd": None},
    "algorithm": {"kind": "gd"},
    "measure": {"losses": {}, "feature_sparsity": {}, "jacobian_rank": {}, "sharpness": {}},
}
CONFIG = {"experiments": {"sparse": SPARSE, "line": LINE}}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A folder with a config and, by its stages' own functions, its measurements."""
    folder = tmp_path_factory.mktemp("finished")
    (folder / "config.yaml").write_text(yaml.safe_dump(CONFIG, sort_keys=False))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        stage_jobs.measure_all(Plan(CONFIG))
    return folder


@pytest.fixture
def inside(finished, monkeypatch):
    """The same, and the process runs there."""
    monkeypatch.chdir(finished)
    return finished


def line_of(error, call, *arguments, **others):
    with pytest.raises(error) as caught:
        call(*arguments, **others)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def of_the_workflow(name):
    tables = Plan(CONFIG).experiments.tables([name])
    return read_tables([of.path for of in tables], [list(of.described()) for of in tables])[name]


@pytest.mark.parametrize("name", ["sparse", "line"])
@pytest.mark.parametrize("threads", [1, 3])
def test_a_run_is_what_the_workflow_computes_to_the_bit(inside, name, threads):
    expected = of_the_workflow(name)
    found = run(CONFIG["experiments"][name], threads)
    assert list(found.columns[:4]) == ["run", "replicate", "iteration", "diverged_at"]
    pd.testing.assert_frame_equal(found, expected, check_exact=True)
    # What is compared has survivors, and replicates that diverge.
    assert (found["diverged_at"] < 0).any()
    assert (found["diverged_at"] >= 0).any() == (name == "sparse")


def test_what_is_given_stays_as_it_is_and_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    block = copy.deepcopy(LINE)
    run(block)
    assert block == LINE
    assert list(tmp_path.iterdir()) == []


def test_an_experiment_like_one_of_the_config(inside):
    found = run({"like": "sparse", "replicates": 2, "runs": {"logged": SPARSE["runs"]["logged"]}})
    whole = load("sparse", "logged")
    expected = whole[whole["replicate"] < 2].reset_index(drop=True)
    pd.testing.assert_frame_equal(found.drop(columns="run"), expected, check_exact=True)


def test_claims_of_the_other_experiment_are_not_taken_over(tmp_path):
    judged = {**SPARSE, "claims": {"stabilises": {"metric": "train_loss", "against": "below"}}}
    file = tmp_path / "judged.yaml"
    file.write_text(yaml.safe_dump({"experiments": {"judged": judged}}))
    other = {"like": "judged", "replicates": 1, "runs": {"one": SPARSE["runs"]["logged"]}}
    assert set(run(other, config=file)["run"]) == {"one"}
    said = line_of(ConfigError, run, {**other, "claims": judged["claims"]}, config=file)
    assert said.startswith("claims.stabilises.against: there is no such run")


def test_an_experiment_like_one_called_experiment(tmp_path):
    file = tmp_path / "other.yaml"
    file.write_text(yaml.safe_dump({"experiments": {"experiment": LINE}}))
    found = run({"like": "experiment", "replicates": 1}, config=file)
    assert set(found["run"]) == {"single", "gd"}
    with pytest.raises(ConfigError, match=r"^replicates: got 0; input should be greater than 0$"):
        run({"like": "experiment", "replicates": 0}, config=file)


def test_linear_algebra_has_the_threads_back_afterwards():
    import threadpoolctl

    def threads():
        return [library["num_threads"] for library in threadpoolctl.threadpool_info()]

    import scipy.linalg  # noqa: F401

    with threadpoolctl.threadpool_limits(2):
        before = threads()
        with laboratory._one_thread_a_call():
            assert set(threads()) == {1}
        assert threads() == before


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"replicates": 0}, "replicates: got 0; input should be greater than 0"),
        ({"replicas": 3}, "replicas: unknown key, got 'replicas'; valid: algorithm"),
        ({"iterations": None}, "iterations: got nothing; write a value"),
        ({"measure": {"loss": {}}}, "measure.loss: unknown measure, got 'loss'; valid: sparse_rec"),
        (
            {"runs": {"a": {"schedule": {"kind": "constant", "step_size": -1}}}},
            "runs.a.schedule.step_size: got -1; input should be greater than 0",
        ),
        (
            {"runs": {"a": {"algorithm": {"kind": "sde", "of": "b"}}}},
            "runs.a.algorithm.of: there is no such run, got 'b'; valid: a",
        ),
        ({"like": "spars"}, "like: there is no other experiment of this name, got 'spars'; valid:"),
    ],
)
def test_mistakes_in_a_block_have_paths_inside_of_it(inside, change, line):
    assert line_of(ConfigError, run, {**SPARSE, **change}).startswith(line)


def test_all_mistakes_of_a_block_are_told():
    with pytest.raises(ConfigError) as caught:
        run({**SPARSE, "replicates": 0, "iterations": -1})
    assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize("block", [3, [SPARSE], "sparse"])
def test_what_is_no_block(block):
    assert line_of(ConfigError, run, block).startswith("the experiment: got ")


def test_what_cannot_be_run():
    said = line_of(ConfigError, run, IMAGES)
    assert said.startswith(
        "problem.kind: got 'images'; networks on images are trained by snakemake"
    )
    for threads in (0, 1.5, True, "2"):
        said = line_of(ConfigError, run, LINE, threads)
        assert said == f"threads: got {threads!r}; must be a whole number from 1 on"
    block = {**LINE, "like": "sparse"}
    assert line_of(ConfigError, run, block, config="none.yaml") == (
        "none.yaml: cannot be read: No such file or directory"
    )


def test_results_of_a_run_and_of_all(inside):
    table = load("sparse", "edge")
    assert list(table.columns[:3]) == ["replicate", "iteration", "diverged_at"]
    assert {"train_loss", "test_loss", "l0", "jacobian_rank"} < set(table.columns[3:])
    assert sorted(table["replicate"].unique()) == list(range(18))
    whole = load("sparse")
    pd.testing.assert_frame_equal(whole, of_the_workflow("sparse"), check_exact=True)
    part = whole[whole["run"] == "edge"].drop(columns="run").reset_index(drop=True)
    pd.testing.assert_frame_equal(part, table, check_exact=True)


def test_results_from_another_folder(finished, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table = load("line", "gd", config=finished / "config.yaml", results=finished / "results")
    assert np.isfinite(table["train_loss"]).all()


def test_names_that_there_are_not(inside):
    assert line_of(ConfigError, load, "spars") == (
        "config.yaml has no such experiment, got 'spars'; valid: sparse, line "
        "(did you mean 'sparse'?)"
    )
    said = line_of(ConfigError, load, "line", "sgd")
    assert said.startswith("config.yaml: experiments.line has no such run, got 'sgd'; valid: si")


def test_results_that_are_not_there(inside, tmp_path):
    changed = copy.deepcopy(CONFIG)
    changed["experiments"]["line"]["schedule"]["step_size"] = 0.02
    (tmp_path / "other.yaml").write_text(yaml.safe_dump(changed))
    said = line_of(ArtifactError, load, "line", config=tmp_path / "other.yaml")
    assert said.endswith(
        "/measurements.parquet: not computed yet under these settings, 2 of 2 tables; compute "
        "with: snakemake line"
    )
    # Its path is that of the run, not of what is measured.
    changed = copy.deepcopy(CONFIG)
    changed["experiments"]["line"]["measure"] = {"losses": {}}
    (tmp_path / "other.yaml").write_text(yaml.safe_dump(changed))
    said = line_of(ArtifactError, load, "line", config=tmp_path / "other.yaml")
    assert "was made from another configuration; rebuild it with: snakemake" in said


def test_it_is_imported_without_what_is_slow():
    slow = "{'torch', 'numba', 'pandas', 'matplotlib', 'scipy', 'sklearn'}"
    command = f"import sys, sparsestep.laboratory; print(sorted({slow} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr


def test_runs_with_data_of_their_own():
    block = {**LINE, "runs": {"gd": None, "other": {"problem": {"init_seed": 4}}}}
    alone = {**LINE, "runs": {"gd": None}, "problem": {**LINE["problem"], "init_seed": 4}}
    found, expected = run(block), run(alone)
    for names, values in (("other", expected), ("gd", run({**LINE, "runs": {"gd": None}}))):
        of_run = found[found["run"] == names].drop(columns="run").reset_index(drop=True)
        pd.testing.assert_frame_equal(of_run, values.drop(columns="run"), check_exact=True)
