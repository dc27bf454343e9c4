"""The stages' commands: what they read, write, import and refuse."""

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import safetensors.numpy

from conftest import batch_of
from sparsestep.artifacts import arrays, fingerprint
from sparsestep.artifacts.files import write_bytes
from sparsestep.artifacts.identity import identity
from sparsestep.artifacts.tables import read_table
from sparsestep.errors import ArtifactError, ConfigError
from sparsestep.plan import Plan
from sparsestep.runtime.locking import alone
from sparsestep.stages import job, report

HEAVY = {"torch", "pandas", "matplotlib", "seaborn", "pyarrow", "sklearn", "snakemake"}


@pytest.fixture
def jobs(tiny, tmp_path):
    """Arguments of a generate, a train and a measure job of the tiny config."""
    plan = Plan(tiny)
    problem_id, run_id = (
        identity(plan.experiments.problem("first")),
        identity(plan.experiments.run("first", "small")),
    )
    wildcards = batch_of("first", run="small", problem_id=problem_id, run_id=run_id)
    paths = {name: str(tmp_path / name) for name in ("problem", "trajectory", "table")}

    def arguments(stage, *options):
        spec = plan.jobs.spec(stage)(wildcards)
        return ["--spec", spec, "--code", plan.jobs.code(stage)(wildcards), *options]

    problem, trajectory = paths["problem"], paths["trajectory"]
    return SimpleNamespace(
        paths=paths,
        generate=arguments("generate", "--output", problem),
        train=arguments(
            "train", "--problem", problem, "--edges", "--follows", "--output", trajectory
        ),
        measure=arguments(
            "measure", "--problem", problem, "--trajectory", trajectory, "--output", paths["table"]
        ),
    )


def run(stage, arguments):
    command = [sys.executable, "-m", f"sparsestep.stages.{stage}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_three_stages_make_a_table(jobs):
    for stage in ("generate", "train", "measure"):
        done = run(stage, getattr(jobs, stage))
        assert (done.returncode, done.stderr) == (0, "")
    table = read_table(jobs.paths["table"])
    assert sorted(table["replicate"].unique()) == [0, 1, 2]
    assert table["train_loss"].notna().all()


def test_training_imports_nothing_heavy(jobs):
    assert run("generate", jobs.generate).returncode == 0
    code = (
        "import sys; from sparsestep.stages import job, train; "
        "job.run('train', train.main, 'problem', 'edges', 'follows', 'output'); "
        "print(*{name.split('.')[0] for name in sys.modules})"
    )
    command = [sys.executable, "-c", code, *jobs.train]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    imported = set(done.stdout.split())
    assert "numba" in imported
    assert HEAVY.isdisjoint(imported), HEAVY & imported


def test_changed_sources_are_refused(jobs):
    arguments = [
        "0" * 16 if before == "--code" else argument
        for before, argument in zip(["", *jobs.generate], jobs.generate, strict=False)
    ]
    done = run("generate", arguments)
    assert done.returncode == 1
    now = jobs.generate[jobs.generate.index("--code") + 1]
    assert "the sources changed while the workflow ran" in done.stderr
    assert f"(planned {'0' * 16}, now {now})" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda data: data[: len(data) // 2], "truncated or not a safetensors file"),
        (lambda data: b"not an artefact", "truncated or not a safetensors file"),
        (lambda data: b"", "truncated or not a safetensors file"),
        (lambda data: data[:-1] + bytes([data[-1] ^ 1]), "values do not match their checksum"),
    ],
    ids=["truncated", "foreign", "empty", "bit flipped"],
)
def test_damaged_input_is_named_with_the_way_out(jobs, damage, says):
    assert run("generate", jobs.generate).returncode == 0
    path = jobs.paths["problem"]
    with open(path, "rb") as file:
        data = file.read()
    with open(path, "wb") as file:
        file.write(damage(data))
    done = run("train", jobs.train)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert path in done.stderr
    assert says in done.stderr
    assert f"snakemake --cores all --force {path}" in done.stderr


def test_artefact_of_another_kind_or_config_is_refused(jobs, tmp_path):
    for stage in ("generate", "train"):
        assert run(stage, getattr(jobs, stage)).returncode == 0
    with pytest.raises(ArtifactError, match="holds a problem, expected a trajectory"):
        arrays.read_trajectory(jobs.paths["problem"])
    with pytest.raises(ArtifactError, match="made from another configuration"):
        arrays.read_problem(jobs.paths["problem"], {"iterations": 61})
    foreign = tmp_path / "foreign"
    foreign.write_bytes(safetensors.numpy.save({"x": np.zeros(3)}))
    with pytest.raises(ArtifactError, match="not written by this version"):
        arrays.read_problem(foreign)


def test_missing_input(jobs):
    done = run("train", jobs.train)
    assert done.returncode == 1
    assert "missing; rebuild it with" in done.stderr


def test_a_job_counts_as_working_in_snakemake_s_own_folder(tmp_path, monkeypatch):
    state = tmp_path / ".snakemake"
    state.mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stderr", sys.stderr)
    code = fingerprint.stage_code("summary", {})
    monkeypatch.setattr(sys, "argv", ["", "--spec", "{}", "--code", code])
    refused = []

    def work(arguments):
        with pytest.raises(ConfigError, match="snakemake is running in this folder"), alone(state):
            pass
        refused.append(arguments.spec)

    job.run("summary", work)
    assert refused == [{}]
    with alone(state):
        pass


def test_the_report_takes_texts_by_name_and_numbers_of_tables_as_they_stand(tmp_path, monkeypatch):
    given, files = {}, {"template": tmp_path / "page.html", "output": tmp_path / "report.html"}
    for name in ("captions", "notes", "findings"):
        files[name] = [tmp_path / name / "one.rst"]
    for path in (
        files["template"],
        *(files[name][0] for name in ("captions", "notes", "findings")),
    ):
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"of {path.parent.name}")
    for name in ("summary", "verdict", "published", "divergence"):
        files[name] = tmp_path / f"{name}.csv"
        write_bytes(files[name], b"value\n1.50\nnan\n")
    files |= {"figures": [tmp_path / "curves.svg"], "tables": [tmp_path / "short.csv"]}
    write_bytes(files["figures"][0], b"<svg/>")
    write_bytes(files["tables"][0], b"runs,error\n016,1.0e-05\n")
    files["sweeps"] = [tmp_path / "widths.csv"]
    write_bytes(files["sweeps"][0], b"width,replicate,edge\n0.5,0,0.25\n0.5,1,nan\n")

    def build(spec, *texts, **more):
        given.update(more, texts=texts)
        return "page"

    monkeypatch.setattr(report, "build", build)
    report.main(SimpleNamespace(spec={}, **files))
    summary, figures, captions, template = given["texts"]
    assert template == f"of {tmp_path.name}"
    assert (figures, captions) == ({"curves": (".svg", b"<svg/>")}, {"one": "of captions"})
    assert (given["notes"], given["findings"]) == ({"one": "of notes"}, {"one": "of findings"})
    assert given["tables"]["short"].to_numpy().tolist() == [["016", "1.0e-05"]]
    for numbers in (summary, *(given[name] for name in ("claims", "published", "divergence"))):
        np.testing.assert_array_equal(numbers["value"], [1.5, np.nan])
    swept = given["sweeps"]["widths"].to_numpy()
    np.testing.assert_array_equal(swept, [[0.5, 0, 0.25], [0.5, 1, np.nan]])
    assert files["output"].read_text() == "page"
