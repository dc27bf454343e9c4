"""Templates of paths: those of the rules, and of what `sparsestep.unused` takes for ours."""

import re
from pathlib import Path

import pytest

from sparsestep.plan import Plan, paths

ROOT = Path(__file__).parents[3]
OF_ALL = (paths.SUMMARY, paths.CLAIMS, paths.PUBLISHED, paths.REPORT)
TEMPLATES = (*paths.PER_JOB, *paths.NAMED, *OF_ALL)


def literals(keyword):
    """Paths in results/ that the rules name after `output:`, `log:` or `benchmark:`."""
    found = set()
    for file in (ROOT / "workflow" / "rules").glob("*.smk"):
        blocks = re.findall(rf"^( +){keyword}:\n((?:\1 .*\n)+)", file.read_text(), re.MULTILINE)
        for _, block in blocks:
            named = re.findall(r'(f?)"(results/[^"]+)"', block)
            found |= {text.replace("{{", "{").replace("}}", "}") for _, text in named}
    # A figure has the suffixes of its kind, the one that is shown among them.
    return {text.replace("{shown}", "{suffix}") for text in found}


def test_the_rules_write_where_the_plan_says():
    # The job of the end values writes both.
    assert literals("output") == {*TEMPLATES, paths.DIVERGENCE}


def test_logs_and_benchmarks_mirror_the_outputs():
    # One job writes all formats of a figure; one rule, a target, writes nothing else.
    of_targets = {"results/logs/check_trajectories.log"}
    assert literals("log") == set(map(paths.log_of, TEMPLATES)) | of_targets
    assert literals("benchmark") == set(map(paths.benchmark_of, TEMPLATES))


def test_checkpoints_lie_where_the_plan_says():
    rule = (ROOT / "workflow" / "rules" / "images.smk").read_text()
    (asked,) = re.findall(r"--resume (\S+)", rule)
    assert asked.replace("wildcards.", "") == paths.RESUME


def test_every_output_follows_one_template(tiny):
    patterns = [paths.pattern(template) for template in TEMPLATES]
    for path in Plan(tiny).output_paths():
        assert sum(bool(re.fullmatch(pattern, path)) for pattern in patterns) == 1, path


@pytest.mark.parametrize(
    "path", ["results/runs/a/b-0123456789ab/0-1/notes.parquet", "results/x.csv"]
)
def test_other_files_follow_none(path):
    assert not any(re.fullmatch(paths.pattern(template), path) for template in TEMPLATES)
