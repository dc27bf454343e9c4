"""Malformed configs by the hundred: refused with lines that name the key, or harmless; never else.

What Snakemake asks of a plan is asked of every one. Some that are refused go through Snakemake too.
"""

import copy
import json
import random
import time
from collections import Counter
from pathlib import Path

import pytest
import survived
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import ROOT, TINY, with_simulations
from faults import asked, malformed
from faults.bounds import bounded
from sparsestep.config.text import check as check_text
from sparsestep.errors import ConfigError
from sparsestep.plan import Plan
from unit.config.test_config_images import IMAGES
from unit.config.test_sweep_points import TEACHER
from workflow.runner import Workflow

EXAMPLES = 800
# Of the laboratory alone: sweeps over keys, tables, runs with blocks of their own.
OF_QUESTIONS = 300
THROUGH_SNAKEMAKE = 12

SETTINGS = settings(
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)


def images() -> dict:
    """Networks on images, one of them on demand, and all of `compute:`."""
    dense = {**IMAGES, "model": {"kind": "densenet", "depth": 10, "growth_rate": 6}}
    compute = {"device": "cpu", "precision": "float32", "checkpoint_minutes": 1, "data_dir": "/x"}
    curves = {"kind": "training_curves", "experiment": "tiny", "panels": ["step_size"]}
    experiments = {"tiny": {**IMAGES, "on_demand": True}, "dense": dense}
    raw = {"experiments": experiments, "enabled": ["tiny"], "compute": compute}
    over = {"problem.batch_size": [8, 16], "algorithm.momentum": [0.0, 0.9], "epochs": [1, 2]}
    sweeps = {"sizes": {"experiment": "tiny", "over": over, "average": 0.5}}
    dependence = {"kind": "dependence", "sweep": "sizes", "x": "problem.batch_size"}
    dependence |= {"colour": "algorithm.momentum", "at": {"epochs": 1}, "panels": ["step_size"]}
    figures = {"tiny": curves, "sizes": dependence}
    return json.loads(json.dumps({**raw, "figures": figures, "sweeps": sweeps}))


def questions() -> dict:
    """Sweeps over keys, a table, and runs that differ in more than steps."""
    teacher = copy.deepcopy(TEACHER)
    teacher["runs"]["small"] = {"model": {"weight_scales": [0.1, 0.1]}, "edge": {"horizon": 0.4}}
    teacher["runs"]["small"]["schedule"] = {
        "kind": "piecewise",
        "pieces": [[0.0, 0.1], [0.5, 0.01]],
    }
    table = {
        "kind": "table",
        "dataset": "iris",
        "task": "classes",
        "labels": ["setosa", "virginica"],
    }
    table |= {"test": {"share": 0.2}, "rows": 50, "corrupted": 0.1, "order_seed": 1}
    runs = {"one": {"schedule": {"kind": "cosine", "step_size": 0.01, "warm_up": 0.1}}}
    iris = {**TEACHER, "problem": table, "runs": runs, "measure": {"losses": None}}
    over = {"model.widths.0": [4, 8], "schedule.step_size": [0.1, {"of_edge": 0.5}]}
    together = {"model.widths.0": {"model.weight_scales.0": "sqrt(2 / value)"}}
    of_steps = {"low": 0.01, "high": 0.1, "points": 3, "spacing": "log"}
    sweeps = {
        "widths": {"experiment": "teacher", "run": "large", "over": over, "together": together},
        "rows": {"experiment": "iris", "over": {"problem.rows": [10, 20], "iterations": [20, 30]}},
        "steps": {"experiment": "iris", "over": {"schedule.step_size": of_steps}, "average": 0.5},
    }
    sweeps["widths"] |= {"fixed": {"iterations": 30}, "edges": True, "measure": {"losses": None}}
    return json.loads(
        json.dumps({"experiments": {"teacher": teacher, "iris": iris}, "sweeps": sweeps})
    )


QUESTIONS = "sweeps over keys, tables, runs with blocks of their own"
BASES = {
    QUESTIONS: questions(),
    "small networks and simulations": with_simulations(copy.deepcopy(TINY)),
    "networks on images": images(),
    # Through JSON, so that what was an anchor in YAML is not changed in several places at once.
    "config.yaml": json.loads(json.dumps(yaml.safe_load((ROOT / "config.yaml").read_text()))),
}
cases = st.sampled_from(list(BASES)).flatmap(
    lambda name: st.tuples(st.just(name), malformed.mutations(BASES[name]))
)


class Record:
    """What was tried."""

    def __init__(self):
        self.refused: list[tuple[dict, str]] = []
        self.count, self.slowest = Counter(), 0.0

    def __str__(self) -> str:
        return (
            f"{sum(self.count.values())} random ones, from wrong types to strange unicode: "
            f"{self.count['refused']} refused, with the key's path, in at most "
            f"{self.slowest:.1f} s of computing; {self.count['harmless']} harmless"
        )


def check(raw: dict, record: Record) -> None:
    """Everything that Snakemake asks: answered with safe paths, or refused in lines for a user."""
    began = time.process_time()
    try:
        with bounded():
            found = asked.ask(Plan(raw))
    except ConfigError as error:
        for line in str(error).split("\n"):
            assert malformed.leads_there(line, raw), line
            assert line.isprintable(), line
            assert len(line) < 2000
        record.count["refused"] += 1
        record.refused.append((raw, str(error)))
    else:
        record.count["harmless"] += 1
        for path in found:
            assert asked.is_safe(path), path
    record.slowest = max(record.slowest, time.process_time() - began)


@pytest.fixture(scope="module")
def tried() -> Record:
    """All of them."""
    record = Record()
    for raw in BASES.values():
        asked.ask(Plan(copy.deepcopy(raw)))

    @settings(SETTINGS, max_examples=EXAMPLES)
    @given(cases)
    def run(case):
        name, changes = case
        check(malformed.mutated(BASES[name], changes), record)

    @settings(SETTINGS, max_examples=OF_QUESTIONS)
    @given(malformed.mutations(BASES[QUESTIONS]))
    def ask(changes):
        check(malformed.mutated(BASES[QUESTIONS], changes), record)

    run()
    ask()
    return record


def test_refused_with_the_path_of_the_key_or_harmless(tried):
    assert tried.count["refused"] >= 500
    assert tried.count["harmless"] >= 20
    survived.record("A malformed config.yaml", str(tried))


def test_snakemake_says_the_same_and_starts_nothing(tried, tmp_path):
    workflow = Workflow.create(tmp_path / "workflow", TINY)
    chosen = random.Random(0).sample(_as_yaml(tried.refused, tmp_path), THROUGH_SNAKEMAKE)
    for text, raw, message in chosen:
        (workflow.folder / "config.yaml").write_text(text, encoding="utf-8")
        done = workflow.snakemake("--cores", "1")
        assert done.returncode == 1, raw
        assert "Traceback" not in done.stdout, done.stdout
        for line in message.split("\n"):
            assert line in done.stdout.splitlines(), (line, done.stdout)
        assert not (workflow.folder / "results").exists()
    survived.record(
        "The same, through `snakemake`",
        f"{len(chosen)} of them: refused with the same lines, no job started, no file made",
    )


def _as_yaml(refused: list[tuple[dict, str]], folder: Path) -> list[tuple[str, dict, str]]:
    """Those that a file can say, and that are then refused with the same words."""
    found = []
    for raw, message in refused[:: max(1, len(refused) // 100)]:
        try:
            text = yaml.safe_dump(raw, sort_keys=False, allow_unicode=True, width=10**6)
            # Two keys that are spelled alike, 0.5 and "0.5", are refused as a file, in other words.
            (folder / "said.yaml").write_text(text, encoding="utf-8")
            check_text(folder / "said.yaml")
            again = yaml.load(text, Loader=yaml.FullLoader)
            Plan(again)
        except (yaml.YAMLError, ValueError, RecursionError, UnicodeError):
            continue
        except ConfigError as error:
            if str(error) == message and len(text) < 200_000:
                found.append((text, raw, message))
    return found
