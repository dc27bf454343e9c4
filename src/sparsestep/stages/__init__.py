"""Stages of the workflow: thin commands that read, call one pure function, and write.

`python -m sparsestep.stages.<stage>` is what a Snakemake rule runs; see `job.py` for its arguments.
"""

import os

# Before NumPy is first imported: linear algebra uses one thread, whatever Snakemake grants, because
# a sum's rounding depends on how many threads share it. Replicates run in parallel instead.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"
