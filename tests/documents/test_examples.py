"""examples/: whole configs that run, and the page that shows them."""

import re

import pandas as pd
import pytest
import yaml
from stage_jobs import draw_all, measure_all, sweep_all

from conftest import ROOT
from sparsestep.plan import Plan

EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))
PAGE = (ROOT / "docs" / "examples.md").read_text()


def smaller(config):
    """The same with few replicates, iterations and points."""
    for experiment in config["experiments"].values():
        experiment |= {"replicates": 2, "iterations": 400}
    for sweep in config.get("sweeps", {}).values():
        sweep["over"] = {key: values[:2] for key, values in sweep["over"].items()}
        if "iterations" in sweep.get("fixed", {}):
            sweep["fixed"]["iterations"] = 200
    return config


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_it_runs(path, tmp_path, monkeypatch):
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    plan = Plan(smaller(yaml.safe_load(path.read_text())))
    if not plan.sweeps.blocks:
        measure_all(plan)
    sweep_all(plan)
    draw_all(plan)
    assert (tmp_path / "results" / "figures" / f"{path.stem}.png").stat().st_size > 10_000
    for name in plan.sweeps.blocks:
        assert len(pd.read_csv(plan.sweeps.collected_path(name))) in (4, 8)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_it_says_how_to_run_it_and_stands_on_the_page(path, monkeypatch):
    monkeypatch.chdir(ROOT)
    first, *_, last = path.read_text().split("experiments:")[0].splitlines()
    command = f"# snakemake --cores 8 --configfile examples/{path.name} --replace-workflow-config"
    assert last == command
    assert first.startswith("# ")
    assert "?" in first
    assert f"(../examples/{path.name})" in PAGE
    assert (ROOT / "docs" / "examples" / f"{path.stem}.png").exists()
    # As it is, not only made smaller.
    Plan(yaml.safe_load(path.read_text()))


def test_the_page_shows_all_and_nothing_else():
    shown = re.findall(r"^## \[(\w+\.yaml)\]", PAGE, flags=re.MULTILINE)
    assert sorted(shown) == [path.name for path in EXAMPLES]
    assert len(shown) == 5
