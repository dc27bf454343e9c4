"""What a file says of the processor and the libraries it was made with."""

import numpy as np
import pytest

from sparsestep.artifacts import surroundings
from sparsestep.artifacts.files import read_arrays, write_arrays


def test_a_file_names_what_it_was_made_with(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    surroundings.describe.cache_clear()
    source = surroundings.provenance({"a": 1}, "code")
    surroundings.describe.cache_clear()
    write_arrays(tmp_path / "a.safetensors", "edges", {"edges": np.zeros(2)}, source)
    _, read = read_arrays(tmp_path / "a.safetensors", "edges", ("edges",))
    around = read["surroundings"]
    assert (read["spec"], read["code"]) == ({"a": 1}, "code")
    assert around["OPENBLAS_CORETYPE"] == "Haswell"
    assert around["numpy"] == np.__version__
    names = {"processor", "simd", "system", "blas", "scipy", "numba", "torch"}
    assert names <= set(around)
    assert all(around[name] not in ("", "unknown") for name in names)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("cpu family : 6\nmodel : 207\nmodel name : A\n", "A (cpu family 6, model 207)"),
        ("CPU implementer : 0x41\nCPU part : 0xd40\n", "0xd40"),
    ],
)
def test_name_of_the_processor(tmp_path, monkeypatch, text, name):
    (tmp_path / "cpuinfo").write_text(text)
    monkeypatch.setattr(surroundings, "_CPUINFO", tmp_path / "cpuinfo")
    assert surroundings.processor() == name


def test_a_system_without_that_file_has_a_name_too(tmp_path, monkeypatch):
    monkeypatch.setattr(surroundings, "_CPUINFO", tmp_path / "missing")
    assert surroundings.processor()
