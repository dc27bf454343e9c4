"""torch.compile without a compiler that works: one line, before the first job or in it."""

import re
import sys

import pytest

from sparsestep.errors import ConfigError
from sparsestep.images import compute
from sparsestep.images.compute import Compute, of_this_job, require_compiler


@pytest.fixture
def without_gpu(monkeypatch, tmp_path):
    monkeypatch.setattr(compute, "DRIVER", tmp_path / "none")
    monkeypatch.delenv("TORCH_INDUCTOR_INSTALL_GXX", raising=False)


@pytest.mark.parametrize("compiler", ["/nonexistent/g++", "false"])
@pytest.mark.parametrize("device", ["cpu", "auto"])
def test_a_compiler_that_does_not_work(monkeypatch, without_gpu, compiler, device):
    monkeypatch.setenv("CXX", compiler)
    said = rf"^compute\.compile: .* '{re.escape(compiler)}' does not work here"
    with pytest.raises(ConfigError, match=said):
        require_compiler(Compute(device=device, compile=True))


def test_where_none_is_needed(monkeypatch, without_gpu):
    monkeypatch.setenv("CXX", "true")
    require_compiler(Compute(device="cpu", compile=True))
    monkeypatch.setenv("CXX", "/nonexistent/g++")
    for settings in ({"compile": False}, {"compile": True, "device": "cuda"}):
        require_compiler(Compute(**settings))


def of_torch(name, text):
    return type(name, (RuntimeError,), {"__module__": "torch._inductor.exc"})(text)


def test_what_torch_cannot_compile_is_one_line(monkeypatch, capfd):
    monkeypatch.setenv(compute.VARIABLE, '{"compile": true}')
    monkeypatch.delenv("TORCHDYNAMO_VERBOSE", raising=False)
    monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)
    of_this_job()
    error = of_torch("InductorError", "\nCppCompileError: C++ compile error\n\nCommand:\ng++ ...")
    sys.excepthook(type(error), error, None)
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith("sparsestep: torch.compile failed (CppCompileError: C++ compile error)")
    for other in (ValueError("a mistake of ours"), of_torch("InvalidCxxCompiler", "")):
        monkeypatch.setenv("TORCHDYNAMO_VERBOSE", "1")
        sys.excepthook(type(other), other, None)
        assert type(other).__name__ in capfd.readouterr().err.splitlines()[-1]


def test_without_compile_errors_stay_as_they_are(monkeypatch):
    monkeypatch.delenv(compute.VARIABLE, raising=False)
    monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)
    of_this_job()
    assert sys.excepthook is sys.__excepthook__
