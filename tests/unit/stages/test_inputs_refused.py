"""Each stage refuses every input that was made from other settings than it is told of."""

import copy
import json
from types import SimpleNamespace

import pytest

from sparsestep.artifacts.identity import identity
from sparsestep.artifacts.tables import MEASUREMENTS, read_table
from sparsestep.artifacts.tables import SWEEP as SWEEP_TABLE
from sparsestep.errors import ArtifactError
from sparsestep.plan import Plan
from sparsestep.stages import calibrate, generate, measure, simulate, sweep, tabulate, train

SCHEDULE = {"kind": "constant", "step_size": {"of_edge": 0.5}}
SWEEP = {
    "experiment": "first",
    "replicates": 3,
    "schedule": {"kind": "step_decay", "divide_by": 2.0},
    "step_size": [0.01],
    "decay_at": [0.5],
    "measure": {"losses": None},
}


@pytest.fixture
def raw(tiny_with_simulations):
    """A run at a fraction of the edge, one that follows it, a sweep, and a simulation."""
    raw = tiny_with_simulations
    raw["experiments"]["first"]["runs"] = {
        "sgd": {"algorithm": {"kind": "sgd", "log_loss": True}, "schedule": SCHEDULE},
        "sde": {"algorithm": {"kind": "sde", "of": "sgd"}},
    }
    raw["sweeps"] = {"grid": SWEEP}
    return raw


class Made:
    """Artefacts of one config, and the arguments of the jobs that make them."""

    def __init__(self, raw, folder):
        self.folder = folder
        folder.mkdir()
        plan = Plan(raw)
        runs, ends = plan.experiments, {"replicates": [0, 2]}
        (chunk,) = plan.sweeps.phases.chunks("grid")
        self.specs = {
            "generate": runs.problem("first") | ends,
            "calibrate": runs.edges("first", "sgd") | ends,
            "follow": runs.run("first", "sgd") | ends,
            "train": runs.run("first", "sde") | ends,
            "measure": runs.measured("first", "sde", "0-2"),
            "sweep": plan.sweeps.phases.chunk("grid", chunk, "0-2"),
            "simulate": plan.simulations.simulation("parabolas"),
            "tabulate": plan.simulations.simulation("parabolas"),
        }
        # As jobs read them from their command line.
        self.specs = json.loads(json.dumps(self.specs))

    def path(self, name):
        return str(self.folder / name)

    def inputs(self, job):
        """What a job reads, by its option."""
        problem = {"problem": self.path("generate")}
        edges = {"edges": [self.path("calibrate")]}
        return {
            "generate": {},
            "simulate": {},
            "calibrate": problem,
            "follow": {**problem, **edges, "follows": []},
            "train": {**problem, **edges, "follows": [self.path("follow")]},
            "measure": {**problem, "trajectory": self.path("train")},
            "sweep": problem,
            "tabulate": {"table": self.path("simulate")},
        }[job]

    def run(self, job, **others):
        """Do a job; `others` are read in place of its own inputs."""
        module = {"follow": train}.get(job) or MODULES[job]
        told = {"spec": self.specs[job], "code": "0" * 16, "threads": 1}
        files = {"output": self.path(job), **self.inputs(job), **others}
        module.main(SimpleNamespace(**told, **files))


MODULES = {
    "generate": generate,
    "calibrate": calibrate,
    "train": train,
    "measure": measure,
    "sweep": sweep,
    "simulate": simulate,
    "tabulate": tabulate,
}
BEFORE = {
    "calibrate": ("generate",),
    "train": ("generate", "calibrate", "follow"),
    "measure": ("generate", "calibrate", "follow", "train"),
    "sweep": ("generate",),
    "tabulate": ("simulate",),
}


@pytest.mark.parametrize(
    ("job", "option"),
    [
        ("calibrate", "problem"),
        ("train", "problem"),
        ("train", "edges"),
        ("train", "follows"),
        ("measure", "problem"),
        ("measure", "trajectory"),
        ("sweep", "problem"),
        ("tabulate", "table"),
    ],
)
def test_an_input_of_other_settings_is_refused(raw, tmp_path, job, option):
    changed = copy.deepcopy(raw)
    changed["experiments"]["first"]["problem"]["data_seed"] = 5
    changed["simulations"]["parabolas"]["seed"] = 5
    own, foreign = Made(raw, tmp_path / "own"), Made(changed, tmp_path / "foreign")
    assert identity(own.specs[job]) != identity(foreign.specs[job])
    for made in (own, foreign):
        for before in BEFORE[job]:
            made.run(before)
    with pytest.raises(ArtifactError, match="made from another configuration"):
        own.run(job, **{option: foreign.inputs(job)[option]})
    assert not (tmp_path / "own" / job).exists()
    own.run(job)
    assert (tmp_path / "own" / job).exists()
    for name in (*BEFORE[job], job):
        if name != "tabulate":
            # Which code made it stands in the file.
            assert b"0" * 16 in (tmp_path / "own" / name).read_bytes(), name
    if job in ("measure", "sweep"):
        content = {"measure": MEASUREMENTS, "sweep": SWEEP_TABLE}[job]
        assert len(read_table(own.path(job), identity(own.specs[job]), content))
    if job == "tabulate":
        with open(own.path(job), encoding="utf-8") as file:
            header, row = next(file), next(file)
        assert header.count(",") == row.count(",")
        assert not header.startswith(",")
