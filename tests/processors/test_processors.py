"""The same bits as on another processor: `make test-processors`, which takes minutes a setting.

Each setting makes compilers and libraries believe in another processor, or takes the features of
this one away from them. `pytest --record tests/processors` writes docs/processors.md.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import llvmlite.binding
import numpy as np
import pytest
from survived import record

from conftest import ROOT
from processors.table import note

FEATURES = llvmlite.binding.get_host_cpu_features()
SIMD = np.show_config(mode="dicts")["SIMD Extensions"]["found"]
WITHOUT_AVX512 = ",".join(
    ("-" if name.startswith("avx512") else "+" if there else "-") + name
    for name, there in sorted(FEATURES.items())
)
# Of numba, the features that its processor has.
AS_NAMED = {"NUMBA_CPU_FEATURES": ""}
SETTINGS = {
    "Numba: `haswell`": {"NUMBA_CPU_NAME": "haswell", **AS_NAMED},
    "Numba: `znver3`": {"NUMBA_CPU_NAME": "znver3", **AS_NAMED},
    "Numba: `skylake-avx512`": {"NUMBA_CPU_NAME": "skylake-avx512", **AS_NAMED},
    "Numba: no AVX-512": {"NUMBA_CPU_FEATURES": WITHOUT_AVX512},
    "Numba: `generic`, no fused operations": {"NUMBA_CPU_NAME": "generic", **AS_NAMED},
    "OpenBLAS: Haswell": {"OPENBLAS_CORETYPE": "Haswell"},
    "OpenBLAS: SkylakeX": {"OPENBLAS_CORETYPE": "SkylakeX"},
    "OpenBLAS: Zen": {"OPENBLAS_CORETYPE": "Zen"},
    "OpenBLAS: Prescott": {"OPENBLAS_CORETYPE": "Prescott"},
    "NumPy: no AVX-512": {
        "NPY_DISABLE_CPU_FEATURES": " ".join(name for name in SIMD if name != "X86_V3")
    },
    "NumPy: no AVX2": {"NPY_DISABLE_CPU_FEATURES": " ".join(SIMD)},
    "torch: avx2": {"ATEN_CPU_CAPABILITY": "avx2"},
    "torch: default": {"ATEN_CPU_CAPABILITY": "default"},
    "C library: no AVX2, no fused operations": {
        "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX512F,-AVX2,-FMA,-FMA4"
    },
    "all of `haswell`, Prescott, no AVX2, default": {
        "NUMBA_CPU_NAME": "haswell",
        **AS_NAMED,
        "OPENBLAS_CORETYPE": "Prescott",
        "NPY_DISABLE_CPU_FEATURES": " ".join(SIMD),
        "ATEN_CPU_CAPABILITY": "default",
    },
}
# What this processor cannot pretend.
if not FEATURES.get("avx512f"):
    del SETTINGS["Numba: `skylake-avx512`"], SETTINGS["OpenBLAS: SkylakeX"]
# Normal numbers of NumPy's old generator need a logarithm, whose last bit the C library takes from
# fused operations where there are some: inputs of sparse_regression, and what follows from them.
OTHER = {
    "C library: no AVX2, no fused operations": {
        "problems",
        "SGD, `diagonal`, 16 replicates",
        "SGD on batches, momentum",
        "full batch, noisy labels, SDE",
        "sweeps",
    }
}
# Beside the largest number of its column: entropy_rank has least digits.
ROUNDING = 1e-6


def make(folder, **setting):
    """Digests by kind, and the numbers that are measured; compiled anew."""
    folder.mkdir()
    numbers = folder / "numbers.npz"
    paths = [ROOT / "src", ROOT / "tests", ROOT / "tests" / "support"]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(map(str, paths)),
        "NUMBA_CACHE_DIR": str(folder / "kernels"),
        **setting,
    }
    command = [sys.executable, "-m", "processors.artefacts", str(numbers)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1]), dict(np.load(numbers))


@pytest.fixture(scope="session")
def here(tmp_path_factory):
    """This processor as it is."""
    return make(tmp_path_factory.mktemp("here") / "made")


def largest_difference(numbers, others):
    """Of all columns, beside the largest number of each."""
    found = 0.0
    for name, column in numbers.items():
        finite = np.isfinite(column)
        assert np.array_equal(finite, np.isfinite(others[name])), name
        if finite.any():
            scale = np.abs(column[finite]).max() or 1.0
            found = max(found, np.abs(column - others[name])[finite].max() / scale)
    return found


def counts(numbers):
    """Columns that count something: whole numbers all over."""
    return {
        name: column
        for name, column in numbers.items()
        if np.array_equal(column[np.isfinite(column)], np.round(column[np.isfinite(column)]))
    }


def last_medians(numbers):
    """Of `diagonal`: how many diverged, and the medians at the last snapshot."""
    found = {}
    for run in sorted({name.split("/")[1] for name in numbers if name.startswith("diagonal/")}):
        of_run = {
            name.split("/")[2]: column
            for name, column in numbers.items()
            if name.startswith(f"diagonal/{run}/")
        }
        last = of_run["iteration"] == of_run["iteration"].max()
        alive = last & (of_run["diverged_at"] < 0)
        found[run] = [float(np.sum(of_run["diverged_at"][last] >= 0))]
        found[run] += [
            float(f"{np.median(of_run[name][alive]):.12g}")
            for name in ("train_loss", "test_loss", "l0", "jacobian_rank")
        ]
    return found


@pytest.mark.parametrize("setting", SETTINGS)
def test_everything_of_small_networks_is_the_same_bits(here, tmp_path, setting):
    digests, numbers = here
    other_digests, other_numbers = make(tmp_path / "made", **SETTINGS[setting])
    same = {kind: other_digests[kind] == digest for kind, digest in digests.items()}
    if setting in OTHER:
        note(setting, same, None, None, {})
        assert {kind for kind, equal in same.items() if not equal} == OTHER[setting]
        return
    difference = largest_difference(numbers, other_numbers)
    integers = counts(numbers)
    same_counts = all(
        np.array_equal(c, other_numbers[n], equal_nan=True) for n, c in integers.items()
    )
    medians = last_medians(other_numbers)
    note(setting, same, same_counts, difference, medians)
    assert same == dict.fromkeys(digests, True)
    assert same_counts
    assert len(integers) > 30
    assert difference < ROUNDING
    assert medians == last_medians(numbers)
    record(
        "another processor (`make test-processors`)",
        f"{len(SETTINGS) - len(OTHER)} settings of compilers and libraries: problems, step sizes, "
        "edges, trajectories, simulations and sweeps of small networks are the same bits: "
        "[table](processors.md)",
    )


def test_the_digests_see_one_bit(here):
    """So that they are able to differ: a problem whose last label is the next number."""
    from processors.artefacts import Artefacts
    from sparsestep.reproduction import digest_of_arrays

    problem = Artefacts().problem("diagonal", 1, 10)
    changed = problem.y_train.copy()
    changed.flat[-1] = np.nextafter(changed.flat[-1], 9)
    assert digest_of_arrays(problem.y_train) != digest_of_arrays(changed)


def test_without_compiled_code_training_is_refused():
    """Python would round otherwise."""
    done = subprocess.run(
        [sys.executable, "-c", "import sparsestep.training.diagonal"],
        env=os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(Path(ROOT, "src"))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "NUMBA_DISABLE_JIT" in done.stderr.splitlines()[-1]
