"""The block `compute:` of config.yaml: how networks on images are computed, not what.

No part of any spec: another device re-runs nothing. Jobs get it through the environment, which
Snakemake does not compare.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Annotated, Literal

from pydantic import Field

from sparsestep.errors import ConfigError
from sparsestep.fields import Closed, PositiveFloat, PositiveInt

VARIABLE = "SPARSESTEP_COMPUTE"
# Where torch.compile keeps what it has compiled.
COMPILED = "TORCHINDUCTOR_CACHE_DIR"
# There is one where a machine has a GPU of NVIDIA's.
DRIVER = Path("/proc/driver/nvidia/version")

_folders: list[tempfile.TemporaryDirectory] = []


class Compute(Closed):
    """Device, precision and the like of jobs on images."""

    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto", description="auto: a GPU where there is one"
    )
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        default="auto",
        description="of training; bfloat16: autocast. auto: bfloat16 on a GPU, float32 on the CPU",
    )
    compile: bool = Field(default=False, description="torch.compile the network: a slower start")
    checkpoint_minutes: PositiveFloat = Field(
        default=10.0, description="time between two checkpoints of a training run"
    )
    jobs_per_gpu: PositiveInt = Field(default=1, description="jobs that may share one GPU")
    data_dir: Annotated[str, Field(min_length=1)] | None = Field(
        default=None, description="folder with archives of data sets; by default results/data"
    )
    mirrors: list[Annotated[str, Field(pattern="^https?://.")]] = Field(
        default=[], description="addresses of folders with these archives, asked before their own"
    )

    def asks_for_gpu(self) -> bool:
        """Whether jobs ask for the resource `gpu`: with cuda, and with auto where a driver is."""
        return self.device == "cuda" or (self.device == "auto" and DRIVER.exists())


def hand_to_jobs(compute: Compute) -> None:
    """Put it where the jobs that this process starts find it.

    What torch.compile makes of networks lies in a folder that ends with this process, unless the
    user names one: torch executes what it finds in its cache, and fails where that is damaged.
    """
    os.environ[VARIABLE] = json.dumps(compute.model_dump(mode="json"), sort_keys=True)
    if compute.compile and not os.environ.get(COMPILED):
        with contextlib.suppress(OSError):
            _folders.append(tempfile.TemporaryDirectory(prefix="sparsestep-"))
            os.environ[COMPILED] = _folders[-1].name


def of_this_job() -> Compute:
    """What `hand_to_jobs` put there; the defaults outside of a workflow.

    With `compile`, what torch.compile then fails at ends the job with one line.
    """
    compute = Compute(**json.loads(os.environ.get(VARIABLE, "{}")))
    if compute.compile:
        sys.excepthook = _tell_in_one_line
    return compute


def require_compiler(compute: Compute) -> None:
    """Raise ConfigError where torch.compile is asked for, on this CPU, and will find no compiler.

    As it looks for one itself, but for compilers that it was told to install.
    """
    on_gpu = compute.device == "cuda" or (compute.device == "auto" and DRIVER.exists())
    if not compute.compile or on_gpu or os.environ.get("TORCH_INDUCTOR_INSTALL_GXX"):
        return
    compiler = os.environ.get("CXX", "clang++" if sys.platform == "darwin" else "g++")
    try:
        subprocess.run([compiler, "--version"], check=True, capture_output=True)
    except (OSError, subprocess.SubprocessError):
        raise ConfigError(
            f"compute.compile: torch.compile needs a C++ compiler on a CPU, and {compiler!r} does "
            "not work here; install one, name another in CXX, or say compile: false"
        ) from None


def _tell_in_one_line(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    """An error of the compiler; others, or all with torch's own switch, as Python does."""
    of_compiler = kind.__module__.startswith(("torch._dynamo", "torch._inductor"))
    if not of_compiler or os.environ.get("TORCHDYNAMO_VERBOSE"):
        sys.__excepthook__(kind, error, traceback)
        return
    first_line = next(filter(None, map(str.strip, str(error).splitlines())), kind.__name__)
    print(
        f"sparsestep: torch.compile failed ({first_line}); mend that, or say compute.compile: "
        "false; TORCHDYNAMO_VERBOSE=1 shows all",
        file=sys.stderr,
        flush=True,
    )
