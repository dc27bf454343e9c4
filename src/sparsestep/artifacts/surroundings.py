"""Surroundings of a job, which stand in no spec: processor, libraries, variables that steer them.

Trajectories of small networks are the same bits in any of it, but for what docs/processors.md
names; measurements may differ by rounding. Where two files differ, their provenance says what
differed around them.
"""

import functools
import os
import platform
from pathlib import Path
from typing import Any

import numpy as np

from sparsestep.artifacts import files

_LIBRARIES = ("numpy", "scipy", "numba", "llvmlite", "torch", "safetensors", "pyarrow", "pandas")
_CPUINFO = Path("/proc/cpuinfo")
# Variables that make libraries compute as on another processor.
_VARIABLES = (
    "NUMBA_CPU_NAME",
    "NUMBA_CPU_FEATURES",
    "OPENBLAS_CORETYPE",
    "MKL_CBWR",
    "NPY_DISABLE_CPU_FEATURES",
    "ATEN_CPU_CAPABILITY",
    "ONEDNN_MAX_CPU_ISA",
)


def provenance(spec: dict[str, Any], code: str) -> dict[str, Any]:
    """What `files.provenance` says, and `surroundings`."""
    return {**files.provenance(spec, code), "surroundings": describe()}


@functools.cache
def describe() -> dict[str, str]:
    """Processor, C library, BLAS, and versions of libraries, by name; variables that are set."""
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    simd = np.show_config(mode="dicts")["SIMD Extensions"]
    return {
        "processor": processor(),
        "simd": " ".join([*simd["baseline"], *simd["found"]]),
        "system": " ".join([platform.system(), platform.machine(), *platform.libc_ver()]),
        "python": platform.python_version(),
        "blas": f"{blas['name']} {blas['version']}",
        **{name: files.version_or_unknown(name) for name in _LIBRARIES},
        **{name: os.environ[name] for name in _VARIABLES if name in os.environ},
    }


def processor() -> str:
    """Name of the processor, as the system gives it."""
    try:
        lines = _CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    entries = {
        key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)
    }
    known = [entries[key] for key in ("model name", "CPU part") if key in entries]
    numbers = [f"{key} {entries[key]}" for key in ("cpu family", "model") if key in entries]
    if not known:
        return platform.processor() or platform.machine()
    return f"{known[0]} ({', '.join(numbers)})" if numbers else known[0]
