"""Devices of the general path: the CPU, and a GPU where config.yaml asks for it."""

import contextlib
import json
import os
from collections.abc import Iterator

import torch

from sparsestep.errors import SparsestepError

# Jobs find the block `compute:` there (`images/compute.py`).
VARIABLE = "SPARSESTEP_COMPUTE"


@contextlib.contextmanager
def claimed(threads: int) -> Iterator[torch.device]:
    """The device of a job, and so many threads of torch on the CPU, as long as the context lasts.

    The CPU, unless `compute: {device: cuda}` is in config.yaml: small networks keep no GPU busy,
    and `auto`, the default, is meant for networks on images. Raises SparsestepError where torch
    sees no GPU.
    """
    asked = json.loads(os.environ.get(VARIABLE, "{}")).get("device")
    if asked == "cuda" and not torch.cuda.is_available():
        raise SparsestepError(
            "compute.device is cuda, but torch sees no GPU here; valid: cpu, auto"
        )
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield torch.device("cuda" if asked == "cuda" else "cpu")
    finally:
        torch.set_num_threads(before)
