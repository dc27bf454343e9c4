"""Linear algebra of jobs takes one thread, whatever the user's environment says."""

import json
import os
import subprocess
import sys

VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
CODE = """
import json, os, sys
import sparsestep.stages
import numpy, scipy.linalg
from threadpoolctl import threadpool_info
pools = [[pool["user_api"], pool["num_threads"]] for pool in threadpool_info()]
print(json.dumps([pools, {name: os.environ[name] for name in sys.argv[1:]}]))
"""


def test_one_thread():
    # A sum's rounding depends on how many threads share it.
    command = [sys.executable, "-c", CODE, *VARIABLES]
    environment = os.environ | dict.fromkeys(VARIABLES, "2")
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    pools, variables = json.loads(done.stdout)
    assert variables == dict.fromkeys(VARIABLES, "1")
    assert ["blas", 1] in pools
    assert {threads for _, threads in pools} == {1}
