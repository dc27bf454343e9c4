"""docs/questions.md: what it says answers a question is a config that runs."""

import re

import pandas as pd
import pytest
import yaml
from stage_jobs import draw_all, measure_all, sweep_all

from conftest import ROOT
from sparsestep.config.inheritance import merge
from sparsestep.plan import Plan

PAGE = (ROOT / "docs" / "questions.md").read_text()
FIRST, *REST = re.split(r"^## ", PAGE, flags=re.MULTILINE)


def blocks(text):
    found = re.findall(r"^```yaml\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    return [yaml.safe_load(block) for block in found]


(BASE,) = blocks(FIRST)
ANSWERS = {part.split("\n")[0]: blocks(part) for part in REST}


def test_all_questions_are_there():
    assert len(ANSWERS) == 20
    assert sum(bool(found) for found in ANSWERS.values()) == 18


@pytest.mark.parametrize("question", [name for name, found in ANSWERS.items() if found])
def test_the_answer_runs(question, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (answer,) = ANSWERS[question]
    plan = Plan(merge(BASE, answer))
    # What the answer does not ask about takes no time.
    asked = set(answer.get("experiments", {}))
    asked |= {
        run["experiment"]
        for of in answer.get("figures", {}).values()
        for run in of.get("beside", [])
    }
    plan.experiments.blocks = {
        name: entry
        for name, entry in plan.experiments.blocks.items()
        if name in asked or name in {sweep.experiment for sweep in plan.config.sweeps.values()}
    }
    measure_all(plan)
    sweep_all(plan)
    draw_all(plan)
    for name in answer.get("sweeps", {}):
        table = pd.read_csv(plan.sweeps.collected_path(name))
        points = len(plan.sweeps.keys.points(name))
        assert len(table) == points * plan.sweeps.block(name).replicates
        # Something survives, and what is measured is a number.
        alive = table[table["diverged_at"] < 0]
        assert len(alive)
        assert alive["train_loss"].notna().all()
    for path in plan.figures.paths(list(answer.get("figures", {}))):
        assert (tmp_path / path).stat().st_size > 1000
