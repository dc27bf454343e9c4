"""Replicates of sibling batches are taken over, bit for bit; anything doubtful is computed."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from safetensors import safe_open

from sparsestep.artifacts.arrays import Problem
from sparsestep.artifacts.files import read_arrays
from sparsestep.plan import Plan
from sparsestep.runtime import forced
from sparsestep.stages import calibrate, generate, siblings, train

CODES = {"generate": "1" * 16, "calibrate": "2" * 16, "train": "3" * 16}


@pytest.fixture(autouse=True)
def _not_forced(monkeypatch):
    monkeypatch.setenv("SPARSESTEP_FORCED", "")


@pytest.fixture
def trained(monkeypatch):
    """Replicates that have been trained or calibrated, job by job, as [first, last]."""
    found = {"train": [], "calibrate": []}

    def noted(stage, name):
        original = getattr(stage, name)

        def note(problem, *arguments):
            found[name].append(problem.spec["replicates"])
            return original(problem, *arguments)

        monkeypatch.setattr(stage, name, note)

    noted(train, "train")
    noted(calibrate, "calibrate")
    return found


class Jobs:
    """The jobs of one run, by batch."""

    def __init__(self, folder, experiments, run, codes=CODES):
        self.folder, self.experiments, self.run, self.codes = folder, experiments, run, codes

    def make(self, first, last, run=None):
        """Path of the trajectory of a batch, with all that it needs."""
        run = run or self.run
        batch = f"{first}-{last}"
        ends = {"replicates": [first, last]}
        spec = self.experiments.run("first", run) | ends
        problem = self.folder / "problems" / f"{batch}.safetensors"
        of_problem = self.experiments.problem("first") | ends
        self._do(generate, "generate", of_problem, problem)
        edges, follows = [], []
        if self.experiments.scheduled("first", run).is_relative:
            edges = [self.folder / "edges" / f"{batch}.safetensors"]
            of_edges = self.experiments.edges("first", run) | ends
            self._do(calibrate, "calibrate", of_edges, edges[0], problem=problem)
        if other := self.experiments.block("first").runs[run].followed:
            follows = [self.make(first, last, other)]
        output = self.folder / "runs" / run / batch / "trajectory.safetensors"
        inputs = {"problem": problem, "edges": edges, "follows": follows}
        self._do(train, "train", spec, output, **inputs)
        return output

    def _do(self, module, stage, spec, output, **inputs):
        texts = {
            name: [str(each) for each in path] if isinstance(path, list) else str(path)
            for name, path in inputs.items()
        }
        code = self.codes[stage]
        module.main(SimpleNamespace(spec=spec, code=code, threads=1, output=str(output), **texts))


@pytest.fixture
def experiments(tiny):
    first = tiny["experiments"]["first"]
    small = first["runs"]["small"]
    first["problem"]["vary"] = ["data", "order"]
    first["runs"]["sgd"] = {**small, "algorithm": {"kind": "sgd", "log_loss": True}}
    first["runs"]["sde"] = {"algorithm": {"kind": "sde", "of": "sgd"}}
    of_edge = {"kind": "constant", "step_size": {"of_edge": 0.9}}
    first["runs"]["sgd-edge"] = {**first["runs"]["sgd"], "schedule": of_edge}
    # At the edges of the run that it follows.
    first["runs"]["sde-edge"] = {"algorithm": {"kind": "sde", "of": "sgd-edge"}}
    first["runs"]["edge"] = {"schedule": of_edge}
    return Plan(tiny).experiments


@pytest.fixture
def jobs(tmp_path, experiments):
    return Jobs(tmp_path / "results", experiments, "small")


def content(path):
    arrays, source = read_arrays(path, "trajectory", ())
    return {name: (a.dtype, a.shape, a.tobytes()) for name, a in arrays.items()}, source


def alone(jobs, *ends):
    """What a batch holds where no sibling is."""
    return content(Jobs(jobs.folder / "alone", jobs.experiments, jobs.run).make(*ends))


@pytest.mark.parametrize("run", ["small", "decay-50", "sgd", "sde", "edge", "sde-edge"])
@pytest.mark.parametrize(
    ("before", "after", "rest"),
    [
        ([(0, 5)], (0, 2), []),
        ([(0, 2)], (0, 5), [[3, 5]]),
        ([(2, 3)], (0, 5), [[0, 1], [4, 5]]),
        ([(0, 1), (1, 4)], (0, 5), [[5, 5]]),
        # A batch that begins in the middle of another one.
        ([(0, 5)], (3, 4), []),
        ([(1, 4)], (2, 6), [[5, 6]]),
        # They have one in common: the last, the first.
        ([(0, 1)], (1, 2), [[2, 2]]),
        ([(2, 3)], (1, 2), [[1, 1]]),
    ],
)
def test_only_new_replicates_are_trained(tmp_path, experiments, trained, run, before, after, rest):
    jobs = Jobs(tmp_path / "results", experiments, run)
    for ends in before:
        jobs.make(*ends)
    trained["train"].clear()
    arrays, source = content(jobs.make(*after))
    assert trained["train"] == rest * (2 if run.startswith("sde") else 1)
    known = {each for first, last in before for each in range(first, last + 1)}
    assert set(map(int, source["taken"])) == known & set(range(after[0], after[1] + 1))
    expected, computed = alone(jobs, *after)
    assert arrays == expected
    assert "taken" not in computed
    assert source == {**computed, "taken": source["taken"]}


def test_edges_are_taken_over_too(tmp_path, experiments, trained):
    jobs = Jobs(tmp_path / "results", experiments, "edge")
    jobs.make(0, 3)
    jobs.make(0, 4)
    assert trained["calibrate"] == [[0, 3], [4, 4]]


def test_lanes_of_relu_networks(tmp_path, tiny, trained):
    tiny["experiments"]["first"] |= {
        "model": {"kind": "mlp", "widths": [3], "biases": [True] * 2, "weight_scales": [1, 1]},
        "measure": {"losses": {}},
        "claims": {},
    }
    tiny["figures"] = {}
    jobs = Jobs(tmp_path / "results", Plan(tiny).experiments, "small")
    jobs.make(0, 9)
    arrays, _ = content(jobs.make(0, 11))
    assert trained["train"] == [[0, 9], [10, 11]]
    assert arrays == alone(jobs, 0, 11)[0]


@pytest.mark.parametrize("stage", ["generate", "calibrate", "train"])
def test_other_code_anywhere_before_trains_anew(tmp_path, experiments, trained, stage):
    Jobs(tmp_path, experiments, "edge").make(0, 3)
    trained["train"].clear()
    Jobs(tmp_path, experiments, "edge", {**CODES, stage: "4" * 16}).make(0, 1)
    assert trained["train"] == [[0, 1]]


@pytest.mark.parametrize(
    ("key", "anew"),
    [
        *((key, True) for key in ("machine", "python", "numpy", "sparsestep", "code")),
        # They change no bit.
        *((key, False) for key in ("host", "surroundings")),
    ],
)
def test_what_was_made_elsewhere_trains_anew(jobs, trained, monkeypatch, key, anew):
    jobs.make(0, 3)
    trained["train"].clear()
    original = siblings.provenance
    monkeypatch.setattr(siblings, "provenance", lambda *of: {**original(*of), key: "another"})
    jobs.make(0, 1)
    assert trained["train"] == [[0, 1]] * anew


def test_a_sibling_that_followed_another_training_trains_anew(tmp_path, experiments, trained):
    Jobs(tmp_path, experiments, "sde").make(0, 3)
    trained["train"].clear()
    Jobs(tmp_path, experiments, "sde", {**CODES, "generate": "4" * 16}).make(0, 1)
    assert trained["train"] == [[0, 1], [0, 1]]


def test_a_damaged_sibling_trains_anew(jobs, trained):
    path = jobs.make(0, 3)
    whole = path.read_bytes()
    for damaged in (whole[:-1] + bytes([whole[-1] ^ 1]), whole[:200], b"", b"no artefact"):
        path.write_bytes(damaged)
        trained["train"].clear()
        jobs.make(0, 1).unlink()
        assert trained["train"] == [[0, 1]]


def test_another_kind_of_file_and_a_name_that_lies_are_no_siblings(jobs, trained):
    path = jobs.make(0, 3)
    path.parent.rename(path.parent.with_name("2-5"))
    (path.parent.parent / "1-9" / "trajectory.safetensors").mkdir(parents=True)
    jobs.make(0, 2)
    assert trained["train"] == [[0, 3], [0, 2]]


@pytest.mark.parametrize(
    "option", [{"forceall": True}, {"forcerun": {"train_run"}}, {"forcetargets": True}]
)
def test_a_forced_run_trains(jobs, trained, option):
    nothing = {"forceall": False, "forcerun": set(), "forcetargets": False}
    jobs.make(0, 3)
    forced.tell_jobs(SimpleNamespace(**nothing | option))
    jobs.make(0, 1)
    forced.tell_jobs(SimpleNamespace(**nothing))
    jobs.make(0, 2)
    assert trained["train"] == [[0, 3], [0, 1]]


def test_where_rows_came_from_stands_in_the_file(jobs, capsys):
    jobs.make(0, 1)
    path = jobs.make(0, 2)
    with safe_open(path, framework="numpy") as file:
        source = json.loads(file.metadata()["sparsestep"])["source"]
    assert source["taken"] == {"0": "0-1", "1": "0-1"}
    told = 'taken over from other batches, by replicate: {"0": "0-1", "1": "0-1"}'
    assert told in capsys.readouterr().err


def test_which_files_lie_beside_a_batch(tmp_path):
    names = ("0-7", "8-15", "16-23", "16-31", "23-23", "24-31", "32-39", "16-x", "a16-31")
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / "trajectory.safetensors").touch()
    (tmp_path / "16-30").mkdir()
    (tmp_path / "16-30" / "measurements.parquet").touch()
    output = tmp_path / "16-23" / "trajectory.safetensors"
    found = [(path.parent.name, *ends) for path, *ends in siblings._beside(str(output), 16, 23)]
    # Those with one replicate in common at least; not itself, no other file, no other name.
    assert found == [("16-31", 16, 31), ("23-23", 23, 23)]
    output = tmp_path / "7-16" / "trajectory.safetensors"
    found = [path.parent.name for path, *_ in siblings._beside(str(output), 7, 16)]
    assert found == ["0-7", "16-23", "16-31", "8-15"]
    assert list(siblings._beside(str(tmp_path / "elsewhere"), 16, 23)) == []


def test_rows_of_a_problem_are_those_of_the_replicates():
    rows = np.arange(4.0)[:, None]
    fields = dict.fromkeys(("y_train", "x_test", "y_test", "theta0", "order"), rows)
    shared = {"x_train": np.ones((1, 2)), "truth": {"x_fresh": np.ones((1, 3)), "own": rows}}
    problem = Problem(**fields, **shared, spec={"replicates": [16, 19], "iterations": 5})
    cut = siblings.replicates_of(problem, 17, 18)
    assert cut.spec == {"replicates": [17, 18], "iterations": 5}
    for name in fields:
        assert getattr(cut, name).ravel().tolist() == [1, 2]
    # What all replicates share is there once.
    assert cut.x_train.shape == (1, 2)
    assert cut.truth["x_fresh"].shape == (1, 3)
    assert cut.truth["own"].ravel().tolist() == [1, 2]
    assert siblings.replicates_of(problem, 16, 19) is problem
