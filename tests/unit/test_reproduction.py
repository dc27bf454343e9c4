"""Digests of trajectories, and those of the small networks in config.yaml on this machine."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest
import yaml

from conftest import ROOT
from sparsestep import problems, reproduction
from sparsestep.artifacts.arrays import Trajectory, write_trajectory
from sparsestep.artifacts.identity import identity
from sparsestep.plan import Plan
from sparsestep.training import train

REFERENCE = ROOT / "workflow" / "trajectories.csv"
SPEC = {"model": {"kind": "diagonal"}, "iterations": 5}


def make_trajectory(replicates=3, **changes):
    """Random numbers."""
    rng = np.random.default_rng(0)
    fields = {
        "iterations": np.arange(2),
        "parameters": rng.standard_normal((replicates, 2, 4)),
        "step_sizes": np.full((replicates, 2), 0.1),
        "diverged_at": np.full(replicates, -1),
        "spec": {**SPEC, "replicates": [0, replicates - 1]},
        "train_loss": np.ones((replicates, 5)),
    }
    return Trajectory(**(fields | changes))


@pytest.mark.parametrize("name", ["parameters", "step_sizes", "diverged_at", "train_loss"])
def test_every_bit_counts(name):
    trajectory = make_trajectory(1)
    other = getattr(trajectory, name).copy()
    other.flat[-1] = np.nextafter(other.flat[-1], 9) if other.dtype.kind == "f" else 7
    changed = dataclasses.replace(trajectory, **{name: other})
    assert reproduction.digest(changed) != reproduction.digest(trajectory)


def test_every_nan_is_the_same():
    bits = np.array([[[0x7FF8000000000000, 0xFFF8000000000001, 0, 0]] * 2], dtype=np.uint64)
    with_nan = bits.view(np.float64)
    plain = np.where(with_nan != with_nan, np.nan, with_nan)
    found = {reproduction.digest(make_trajectory(1, parameters=each)) for each in (with_nan, plain)}
    assert len(found) == 1


@pytest.fixture
def trained(tmp_path):
    """A file as the workflow writes it."""
    folder = tmp_path / "runs" / "first" / f"small-{identity(SPEC)}" / "0-2"
    folder.mkdir(parents=True)
    path = folder / "trajectory.safetensors"
    trajectory = make_trajectory()
    write_trajectory(path, trajectory, {"spec": trajectory.spec, "code": ""})
    return path


def command(*arguments):
    """`python -m sparsestep.reproduction`, as the workflow calls it."""
    return subprocess.run(
        [sys.executable, "-m", "sparsestep.reproduction", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_is_recorded_is_found_again_and_what_differs_is_named(trained, tmp_path):
    reference = tmp_path / "known.csv"
    assert command("--record", reference, trained).returncode == 0
    again = command(reference, trained)
    assert (again.returncode, again.stderr) == (0, "")
    assert again.stdout == f"3 replicates are, bit for bit, those of {reference}\n"

    changed = make_trajectory()
    changed.parameters[1, 0, 0] = np.nextafter(changed.parameters[1, 0, 0], 9)
    write_trajectory(trained, changed, {"spec": changed.spec, "code": ""})
    other = command(reference, trained)
    assert other.returncode == 1
    assert other.stderr == "sparsestep: other bits than there: first small: replicates 1\n"


def test_runs_of_other_settings_are_named_and_do_not_count(trained, tmp_path):
    reference = tmp_path / "known.csv"
    reproduction.record(reference, {})
    done = command(reference, trained)
    assert done.returncode == 0
    assert "not there, because other settings made them: first small" in done.stdout


def test_first_replicates_must_be_there_to_be_recorded(tmp_path):
    runs = {"0" * 12: reproduction.Run("first", "small", {1: "f" * 12})}
    with pytest.raises(reproduction.SparsestepError, match="first replicates are missing"):
        reproduction.record(tmp_path / "known.csv", runs)


@pytest.mark.parametrize(
    ("experiment", "runs"),
    [
        ("diagonal", ("small", "decay-10", "decay-30", "decay-50")),
        ("relu_1d", ("decay-2", "decay-50")),
        ("relu_teacher", ("small", "decay-50")),
        ("relu_three_layer", ("small", "decay-50")),
        ("valley_toy", ("gd", "label-noise")),
    ],
)
def test_shipped_runs_are_the_bits_that_stand_in_the_repository(experiment, runs):
    """Two replicates of whole runs, trained on whatever machine this is."""
    reference = reproduction.read_reference(REFERENCE)
    experiments = Plan(yaml.safe_load((ROOT / "config.yaml").read_text())).experiments
    two = {"replicates": [0, 1]}
    problem = problems.generate(experiments.problem(experiment) | two)
    for run in runs:
        spec = experiments.run(experiment, run)
        known = reference[identity(spec)]
        assert (known.experiment, known.run) == (experiment, run)
        trajectory = train(problem, spec | two, threads=2)
        for row in range(2):
            assert reproduction.digest(trajectory.of_replicate(row)) == known.digests[row]


def test_every_small_network_of_the_config_is_there():
    experiments = Plan(yaml.safe_load((ROOT / "config.yaml").read_text())).experiments
    reference = reproduction.read_reference(REFERENCE)
    for name in experiments.wanted:
        block = experiments.block(name)
        for run in block.runs if block.family.name == "vectors" else ():
            known = reference[experiments.run_id(name, run)]
            assert sorted(known.digests) == [*range(block.replicates)]


def test_a_later_batch_holds_the_replicates_that_its_spec_names(trained, tmp_path):
    reference = tmp_path / "known.csv"
    later = dataclasses.replace(
        make_trajectory(), parameters=np.ones((3, 2, 4)), spec={**SPEC, "replicates": [3, 5]}
    )
    path = trained.parent.with_name("3-5") / trained.name
    path.parent.mkdir()
    write_trajectory(path, later, {"spec": later.spec, "code": ""})
    assert command("--record", reference, path, trained).returncode == 0
    ((_, run),) = reproduction.read_reference(reference).items()
    expected = [
        *(reproduction.digest(make_trajectory().of_replicate(row)) for row in range(3)),
        *(reproduction.digest(later.of_replicate(row)) for row in range(3)),
    ]
    assert list(run.digests.values()) == expected
    # Each batch by itself is compared with its own part.
    for of in (trained, path):
        assert command(reference, of).stdout.startswith("3 replicates are, bit for bit, those of")


def test_networks_on_images_are_not_recorded(trained, tmp_path):
    spec = {"model": {"kind": "resnet"}, "iterations": 5, "replicates": [0, 2]}
    path = tmp_path / "of_images.safetensors"
    write_trajectory(path, make_trajectory(spec=spec), {"spec": spec, "code": ""})
    assert reproduction.read_runs([path]) == {}
    assert list(reproduction.read_runs([path, trained])) == [identity(SPEC)]


def test_replicates_are_counted_one_by_one():
    known = {"a": reproduction.Run("first", "small", dict(enumerate("pqrs")))}
    made = {
        "a": reproduction.Run("first", "small", {0: "p", 1: "x", 3: "s", 4: "t"}),
        "b": reproduction.Run("first", "large", {0: "p"}),
    }
    # Replicate 4 is not known, and no difference.
    assert reproduction.compare(made, known) == (2, ["first small: replicates 1"], ["first large"])


def test_of_several_runs_each_is_counted_and_named_by_itself():
    def runs(*digests):
        names = ("small", "large", "other")
        return {
            f"id-{name}": reproduction.Run("first", name, dict(enumerate(of)))
            for name, of in zip(names, digests, strict=False)
        }

    known = runs("ab", "cdefg")
    found = runs("axc", "cdxy", "z")
    same, different, unknown = reproduction.compare(found, known)
    # The third replicate of `small` is recorded nowhere.
    assert same == 1 + 2
    assert different == ["first small: replicates 1", "first large: replicates 2, 3"]
    assert unknown == ["first other"]
    # What comes behind a run that nobody knows is compared all the same.
    assert reproduction.compare(dict(reversed(found.items())), known).same == 3


def test_digests_are_recorded_by_experiment_run_and_replicate(tmp_path):
    runs = {
        "2" * 12: reproduction.Run("second", "a", {0: "e"}),
        "1" * 12: reproduction.Run("first", "b", {1: "d", 0: "c"}),
        "3" * 12: reproduction.Run("first", "a", {0: "f"}),
    }
    path = tmp_path / "known.csv"
    reproduction.record(path, runs)
    assert path.read_text().splitlines() == [
        "run_id,experiment,run,replicates",
        f"{'3' * 12},first,a,f",
        f"{'1' * 12},first,b,c d",
        f"{'2' * 12},second,a,e",
    ]
    assert reproduction.read_reference(path) == runs


def test_shapes_and_integers_are_part_of_a_digest():
    flat = np.arange(4)
    digests = {
        reproduction.digest_of_arrays(flat),
        reproduction.digest_of_arrays(flat.reshape(2, 2)),
    }
    digests |= {reproduction.digest_of_arrays(flat.astype(float))}
    assert len(digests) == 3
    assert {len(each) for each in digests} == {12}
    # Of any width and byte order.
    assert reproduction.digest_of_arrays(flat.astype(">i4")) in digests
