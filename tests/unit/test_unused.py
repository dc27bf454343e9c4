"""What no longer follows from config.yaml is listed and deleted, and nothing else."""

import copy
import os
import subprocess
import sys
from pathlib import Path, PurePosixPath

import pytest
import yaml

from conftest import with_simulations
from sparsestep import registry
from sparsestep.plan import Plan
from sparsestep.unused import _key, delete, unused


def outputs_of(plan, folder):
    """The files of all rules, with logs and benchmarks."""
    files = [*plan.output_paths(), "results/summary.csv", "results/report.html"]
    for path in plan.output_paths():
        mirrored = Path(path).relative_to("results")
        files += [f"results/logs/{mirrored.with_suffix('.log')}"]
        files += [f"results/benchmarks/{mirrored.with_suffix('.tsv')}"]
    return {folder / path for path in files}


@pytest.fixture
def folder(tiny, tmp_path):
    """A folder in which everything that the config leads to is there, ten bytes a file."""
    write(outputs_of(Plan(with_simulations(tiny)), tmp_path))
    return tmp_path


def write(paths):
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"0123456789")


def listed(raw, folder):
    found = unused(Plan(raw), folder / "results")
    return {path.relative_to(folder / "results").as_posix(): size for path, size in found}


def test_nothing_of_what_follows(tiny, folder):
    assert listed(with_simulations(tiny), folder) == {}


def test_one_step_size(tiny, folder):
    raw = with_simulations(tiny)
    before = Plan(raw)
    changed = copy.deepcopy(raw)
    changed["experiments"]["first"]["runs"]["small"]["schedule"]["step_size"] = 0.02
    run = (
        Path(before.experiments.trajectory_path("first", "small", "0-2"))
        .relative_to("results")
        .parent.parent
    )
    # The other run's folder stays, so that this run's goes alone.
    expected = {f"{run}": 20, f"logs/{run}": 20, f"benchmarks/{run}": 20}
    assert listed(changed, folder) == expected
    kept = outputs_of(before, folder) & outputs_of(Plan(changed), folder)
    delete(unused(Plan(changed), folder / "results"))
    assert {path for path in folder.rglob("*") if path.is_file()} == kept


def test_fewer_replicates(tiny, tmp_path):
    tiny["experiments"]["first"]["replicates"] = 32
    write(outputs_of(Plan(tiny), tmp_path))
    tiny["experiments"]["first"]["replicates"] = 16
    found = listed(tiny, tmp_path)
    assert sum("runs/first/small-" in path and path.endswith("/16-31") for path in found) == 3
    assert all("16-31" in path for path in found)


def test_an_experiment_figure_and_simulation_that_are_gone(tiny, folder):
    raw = with_simulations(tiny)
    raw["experiments"]["second"] = {**raw["experiments"].pop("first"), "iterations": 61}
    raw["simulations"] = {}
    raw["figures"] = {}
    found = listed(raw, folder)
    assert {
        "runs/first",
        "logs/runs/first",
        "figures/curves.png",
        "logs/tables/parabolas.log",
    } <= set(found)
    assert any(path.startswith("simulations/settling-") for path in found)


def test_figures_of_every_format(tiny, folder):
    formats = {
        suffix
        for kind in registry.kinds("figure")
        for suffix in registry.load("figure", kind).Spec.FORMATS
    }
    assert "gif" in formats
    write([folder / f"results/figures/gone.{suffix}" for suffix in formats])
    write([folder / "results/logs/figures/gone.log"])
    expected = {f"figures/gone.{suffix}" for suffix in formats} | {"logs/figures/gone.log"}
    assert set(listed(with_simulations(tiny), folder)) == expected


def test_what_was_computed_on_demand(tiny, tmp_path):
    """It stays after the experiment is no longer enabled: what it took may have been weeks."""
    tiny["experiments"]["second"] = {**tiny["experiments"]["first"], "on_demand": True}
    tiny["figures"]["more"] = {**tiny["figures"]["curves"], "experiment": "second"}
    tiny["sweeps"] = {
        "grid": {
            "experiment": "second",
            "replicates": 2,
            "schedule": {"kind": "step_decay", "divide_by": 2},
            "step_size": [0.01],
            "decay_at": [0.5],
            "measure": {"losses": {}},
            "edges": True,
        }
    }
    maps = {"kind": "phase_diagram", "sweep": "grid", "panels": ["train_loss"]}
    tiny["figures"]["maps"] = maps
    enabled = Plan({**tiny, "enabled": ["second"]})
    assert {"more", "maps"} <= set(enabled.figures.wanted())
    write(outputs_of(enabled, tmp_path))
    assert not {"more", "maps"} & set(Plan(tiny).figures.wanted())
    assert listed(tiny, tmp_path) == {}


def test_checkpoints_of_runs(tiny, folder):
    plan = Plan(with_simulations(tiny))
    run = Path(plan.experiments.trajectory_path("first", "small", "0-2")).parent.relative_to(
        "results/runs"
    )
    old = "first/small-0123456789ab/0-2"
    for owner in (run, old):
        write([folder / "results/.resume" / owner / "1" / "checkpoint.safetensors"])
    assert listed(with_simulations(tiny), folder) == {".resume/first/small-0123456789ab": 10}


def test_what_is_not_ours_is_left_alone(tiny, folder):
    raw = with_simulations(tiny)
    mine = ["data/cifar-10-binary.tar.gz", "notes.txt", "runs/mine/notes.txt", "figures/slides.key"]
    mine += ["figures/mine.png", "tables/mine.csv"]
    mine += ["runs/first/small-0123456789ab/0-2/notes.txt", "mine/figures/curves.png"]
    write([folder / "results" / path for path in mine])
    write([folder / "results/runs/first/small-0123456789ab/0-2/trajectory.safetensors"])
    # Beside a file of the user's, only ours goes.
    old = "runs/first/small-0123456789ab/0-2/trajectory.safetensors"
    assert listed(raw, folder) == {old: 10}
    delete(unused(Plan(raw), folder / "results"))
    assert all((folder / "results" / path).exists() for path in mine)


def test_nobody_reads_to_the_end(tiny, tmp_path):
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(tiny))
    for module in ("unused", "settings"):
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run(
            [sys.executable, "-m", f"sparsestep.{module}"],
            cwd=tmp_path,
            stdout=writer,
            stderr=subprocess.PIPE,
            check=False,
        )
        os.close(writer)
        assert (done.stderr, done.returncode) == (b"", 1)


def command(folder, *options, answer="", module="unused"):
    return subprocess.run(
        [sys.executable, "-m", f"sparsestep.{module}", *options],
        cwd=folder,
        input=answer,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_asks(tiny, tmp_path):
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(tiny))
    old = tmp_path / "results/figures/old.png"
    checksum = old.with_name(".old.png.sha256")
    write([old, checksum, tmp_path / "results/logs/figures/old.log"])
    assert "0.00 MB  results/figures/old.png" in command(tmp_path).stdout
    assert "nothing was deleted" in command(tmp_path, "--delete", answer="n\n").stdout
    # Nobody there to answer.
    assert "nothing was deleted" in command(tmp_path, "--delete").stdout
    assert old.exists()
    assert "deleted" in command(tmp_path, "--delete", answer="y\n").stdout
    assert not old.exists()
    assert not checksum.exists()


def test_the_command_reads_what_snakemake_reads(tiny, tmp_path):
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(tiny))
    ends = tiny["figures"]["ends"]
    (tmp_path / "more.yaml").write_text(yaml.safe_dump({"figures": {"more": ends}}))
    write([tmp_path / "results" / name for name in ("figures/more.png", "logs/figures/more.log")])
    assert "more.png" in command(tmp_path).stdout
    assert "more.png" not in command(tmp_path, "--configfile", "more.yaml").stdout


def test_ids_of_settings_are_those_of_what_snakemake_reads(tiny, tmp_path):
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(tiny))
    more = {"experiments": {"first": {"iterations": 61}}}
    (tmp_path / "more.yaml").write_text(yaml.safe_dump(more))
    for options in ([], ["--configfile", "more.yaml"]):
        if options:
            tiny["experiments"]["first"]["iterations"] = 61
        expected = Plan(tiny).report.settings()
        printed = command(tmp_path, *options, module="settings").stdout.splitlines()
        assert dict(line.split("  ")[::-1] for line in printed) == expected


def test_bad_input_and_a_running_snakemake(tiny, tmp_path):
    import fcntl

    done = command(tmp_path)
    assert done.stderr == "sparsestep: config.yaml: cannot be read: No such file or directory\n"
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(tiny))
    (tmp_path / ".snakemake").mkdir()
    with open(tmp_path / ".snakemake" / "sparsestep.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        done = command(tmp_path, "--delete", "--yes")
    assert done.stderr.startswith("sparsestep: snakemake is running in this folder")
    assert done.returncode == 1


RUN = "first/small-0123456789ab/0-2"


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("figures/a.svg", "figures/a"),
        ("figures/.a.svg.sha256", "figures/a"),
        ("logs/figures/a.log", "figures/a"),
        ("benchmarks/figures/a.tsv", "figures/a"),
        ("figures/a.txt", None),
        ("figures/a", None),
        ("elsewhere/figures/a.svg", None),
        ("logs/logs/figures/a.log", None),
        (
            ".resume/first/small-0123456789ab/0-2/1/x",
            "runs/first/small-0123456789ab/0-2/trajectory",
        ),
    ],
)
def test_what_a_file_belongs_to(path, key):
    assert _key(PurePosixPath("results", path)) == key


def test_the_command_sums_up_and_deletes_without_asking_where_it_is_told_to(tiny, tmp_path):
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(tiny))
    (tmp_path / "more.yaml").write_text("{}")
    told = command(tmp_path, "--configfile", "more.yaml", "--delete")
    # Nothing to ask about.
    nothing = "0.00 MB  in all, no longer following from config.yaml and more.yaml: 0"
    assert told.stdout.strip() == nothing
    write([tmp_path / "results/logs/figures/old.log"])
    for size, suffix in ((1_500_000, "png"), (2_500_000, "svg")):
        path = tmp_path / f"results/figures/old.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(size))
    lines = command(tmp_path).stdout.splitlines()
    assert [line.split() for line in lines[:-1]] == [
        ["1.50", "MB", "results/figures/old.png"],
        ["2.50", "MB", "results/figures/old.svg"],
        ["0.00", "MB", "results/logs/figures/old.log"],
    ]
    total = "4.00 MB in all, no longer following from config.yaml: 3"
    assert lines[-1].split() == total.split()
    assert "Delete them?" in command(tmp_path, "--delete", answer="no\n").stdout
    told = command(tmp_path, "--delete", "--yes").stdout
    assert told.splitlines()[-1] == "deleted"
    assert "Delete them?" not in told
    assert [path for path in tmp_path.rglob("*old*")] == []
