"""The frame of a stage's command: its options, and errors in one line."""

import errno
import sys

import pytest

from sparsestep.errors import SparsestepError
from sparsestep.stages import job

OUT_OF_MEMORY = type("OutOfMemoryError", (RuntimeError,), {})


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Do `work` as the job of a stage with these arguments; its log is a file."""
    log = tmp_path / "log"
    monkeypatch.setattr(job.fingerprint, "stage_code", lambda stage, spec: f"{stage} {spec}")
    monkeypatch.setattr(job, "end_with_parent", lambda: None)
    monkeypatch.chdir(tmp_path)

    def run(work, *arguments, paths=()):
        told = ["", "--spec", '{"a": 1}', "--code", "mine {'a': 1}", *arguments]
        monkeypatch.setattr(sys, "argv", told)
        with open(log, "w", encoding="utf-8") as file:
            monkeypatch.setattr(sys, "stderr", file)
            job.run("mine", work, *paths)

    return run


def raising(error):
    def work(arguments):
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (SparsestepError("what is wrong"), "what is wrong"),
        (OSError(errno.ENOSPC, "No space left on device"), "a file: No space left on device"),
        (OSError(errno.EDQUOT, "Quota exceeded", "cache/x"), "cache/x: Quota exceeded"),
        (MemoryError("8 GB"), "not enough memory: 8 GB"),
        (
            OUT_OF_MEMORY("Tried to allocate 2 GB.\nSee the manual."),
            "not enough memory on the GPU; a smaller problem.batch_size, or "
            "compute.jobs_per_gpu: 1 (Tried to allocate 2 GB.)",
        ),
    ],
)
def test_errors_that_a_user_can_do_something_about_are_one_line(run, tmp_path, error, line):
    with pytest.raises(SystemExit) as caught:
        run(raising(error))
    assert caught.value.code == 1
    assert (tmp_path / "log").read_text() == f"sparsestep mine: {line}\n"


@pytest.mark.parametrize(
    "error", [OSError(errno.EACCES, "Permission denied"), RuntimeError("x"), ValueError("x")]
)
def test_others_are_raised_as_they_are(run, error):
    with pytest.raises(type(error)) as caught:
        run(raising(error))
    assert caught.value is error


def test_options_of_a_stage(run, tmp_path):
    given = []
    paths = ("problem", "edges", "follows", "output")
    options = ["--problem", "p", "--edges", "a", "b", "--follows", "--output", "o"]
    run(given.append, *options, paths=paths)
    # Many paths are the lines of a file, one each.
    (tmp_path / "arguments").write_text("\n".join([*options, "--threads", "3"]))
    run(given.append, "@arguments", paths=paths)
    for arguments, threads in zip(given, (1, 3), strict=True):
        assert (arguments.spec, arguments.threads) == ({"a": 1}, threads)
        assert (arguments.problem, arguments.output) == ("p", "o")
        assert (arguments.edges, arguments.follows) == (["a", "b"], [])
    with pytest.raises(SystemExit):
        run(given.append, "--problem", "p", paths=("problem", "output"))
