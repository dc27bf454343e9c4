"""Snakemake's own linter has nothing to say but what was decided otherwise."""

import re
import subprocess
import sys

from conftest import ROOT


def test_snakemake_lint():
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--lint"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    remarks = re.findall(r"^    \* (.*)$", done.stdout + done.stderr, flags=re.MULTILINE)
    # One environment for all rules: environment.yml. An environment a rule would be set up for jobs
    # that run two seconds. The remark also shows that the linter's output is understood.
    conda = [remark for remark in remarks if remark.startswith("Specify a conda environment")]
    assert conda
    assert [remark for remark in remarks if remark not in conda] == []
