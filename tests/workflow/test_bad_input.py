"""What a user can do wrong, through Snakemake: one line, before any job."""

import os

import pytest
import yaml


def refused(workflow, *options):
    """Output of a Snakemake that must fail before any job."""
    before = workflow.contents("**/*")
    done = workflow.snakemake("--cores", "1", *options)
    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stdout
    assert "rule" not in done.stdout.replace("workflow/rules", "")
    assert workflow.contents("**/*") == before
    return done.stdout


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (
            "step_size: 0.01",
            "step_size: -0.01",
            "experiments.first.runs.small.schedule.step_size: got -0.01; "
            "input should be greater than 0",
        ),
        (
            "decay_at: 0.5",
            "decay_at: 1.5",
            "experiments.first.runs.decay-50.schedule.decay_at: got 1.5; "
            "input should be less than 1",
        ),
        (
            "kind: constant",
            "kind: constnt",
            "experiments.first.runs.small.schedule.kind: unknown schedule, got 'constnt'; "
            "valid: constant, step_decay, warmup_decay, plateau, exponential_warmup, piecewise, "
            "linear_decay, cosine, cyclic, table (did you mean 'constant'?)",
        ),
        (
            "l0_threshold: 1.0e-50",
            "l0_threshold: 1.0",
            "experiments.first.measure.sparse_recovery.l0_threshold: got 1.0; "
            "input should be less than 1",
        ),
        (
            "replicates: 3",
            "replicates: 0",
            "experiments.second.replicates: got 0; input should be greater than 0",
        ),
        (
            "support: 2",
            "suport: 2",
            "experiments.first.problem.suport: unknown key, got 'suport'; valid: data_seed, "
            "dimension, init_seed, kind, n_test, n_train, noise, order_seed, support, vary "
            "(did you mean 'support'?)",
        ),
    ],
)
def test_config_mistake(edited, old, new, line):
    edited.edit("config.yaml", old, new)
    assert refused(edited).splitlines().count(line) == 1


@pytest.mark.parametrize("name", ["all", "train_run", "draw_training_curves", "figures"])
def test_an_experiment_called_like_a_rule(edited, name):
    path = edited.folder / "config.yaml"
    raw = yaml.safe_load(path.read_text())
    raw["experiments"][name] = raw["experiments"]["first"]
    path.write_text(yaml.safe_dump(raw))
    line = f"experiments.{name}: a rule of the workflow has this name; choose another"
    done = edited.snakemake("--cores", "1")
    assert done.returncode == 1
    assert line in done.stdout


def test_a_key_that_is_there_twice(edited):
    text = (edited.folder / "config.yaml").read_text()
    (edited.folder / "config.yaml").write_text(text + "figures: {}\n")
    line = text.count("\n") + 1
    assert f"config.yaml, line {line}: 'figures' is there twice" in refused(edited)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "experiments: [unclosed",
            "line 1: not valid YAML: expected ',' or ']', but got '<stream end>' "
            "(while parsing a flow sequence, from line 1)",
        ),
        (
            "experiments:\n  first:\n    title: a: b\n",
            "line 3: not valid YAML: mapping values are not allowed here",
        ),
        (
            "experiments:\n\tfirst: 1\n",
            "line 2: not valid YAML: found character '\\t' that cannot start any token",
        ),
    ],
    ids=["unclosed", "colon", "tab"],
)
def test_yaml_that_is_none(edited, text, line):
    (edited.folder / "config.yaml").write_text(text)
    assert f"config.yaml, {line}" in refused(edited)


def test_a_caption_that_is_no_rest(edited):
    raw = yaml.safe_load((edited.folder / "config.yaml").read_text())
    raw["figures"]["curves"]["caption"] = "The norm |beta| of ..."
    (edited.folder / "config.yaml").write_text(yaml.safe_dump(raw))
    line = (
        "figures.curves.caption: not valid reST at 'The norm |beta| of ...': Undefined substitution"
    )
    assert line in refused(edited)


def test_a_folder_that_no_path_can_hold(finished, tmp_path):
    workflow = finished.copy(tmp_path / "a:b")
    lines = refused(workflow).splitlines()
    said = "PYTHONPATH cannot hold a folder with ':' in its name; rename it"
    assert f"{workflow.folder}/src: {said}" in lines


def test_results_is_a_file(edited):
    (edited.folder / "results").rename(edited.folder / "old")
    (edited.folder / "results").write_text("")
    output = refused(edited)
    assert "results must be a folder that can be written" in output


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere; see test_plan.py")
def test_results_without_permission(edited):
    results = edited.folder / "results"
    results.chmod(0o555)
    try:
        assert "results cannot be written: no permission for" in refused(edited)
    finally:
        results.chmod(0o755)


def test_claims_that_nothing_can_come_of_are_told_in_a_dry_run(edited):
    assert "experiments.second.claims: 3 replicates make fewer than 6 pairs" in edited.run("-n")


def test_a_step_size_that_diverges_is_a_result(edited):
    edited.edit("config.yaml", "step_size: 0.01", "step_size: 50.0")
    edited.run("--cores", "2")
    lines = (edited.folder / "results" / "summary.csv").read_text().splitlines()
    assert "first,small,0,diverged,1.0" in lines
    assert "first,small,0,train_loss,nan" in lines
    assert "first,decay-50,0,diverged,0.0" in lines
    assert edited.planned() == {}


def test_a_damaged_artefact_is_named_with_the_way_out(edited):
    path = sorted((edited.folder / "results").glob("problems/first-*/*.safetensors"))[0]
    name = str(path.relative_to(edited.folder))
    path.write_bytes(path.read_bytes()[:1000])
    # Snakemake runs the jobs that read it only when there is something to train.
    edited.edit("config.yaml", "step_size: 0.01", "step_size: 0.011")
    done = edited.snakemake("--cores", "1")
    assert done.returncode == 1
    assert f"{name}: truncated or not a safetensors file" in done.stdout
    rebuild = ["--cores", "all", "--force", name]
    assert f"rebuild it with: snakemake {' '.join(rebuild)}" in done.stdout
    edited.run(*rebuild)
    edited.run("--cores", "2")
    assert edited.planned() == {}


def test_sources_edited_while_the_workflow_runs(edited):
    edited.edit("config.yaml", "step_size: 0.01", "step_size: 0.011")
    # An edit between planning and the job, as seen by the job.
    edited.edit("workflow/rules/train.smk", "--code {params.code:q}", "--code 0123456789abcdef")
    done = edited.snakemake("--cores", "1")
    assert done.returncode == 1
    assert "the sources changed while the workflow ran" in done.stdout
