"""The notebooks in docs/ run, hold no output, and import what there is."""

import ast
import json
import sys

import pytest
import stage_jobs
import yaml

from conftest import ROOT
from sparsestep.plan import Plan

NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))


def cells(notebook, kind="code"):
    """Texts of the cells of a kind."""
    content = json.loads(notebook.read_text(encoding="utf-8"))
    return ["".join(cell["source"]) for cell in content["cells"] if cell["cell_type"] == kind]


@pytest.fixture
def beside(tmp_path, monkeypatch):
    """The folder of the notebooks in a copy of the project that has a config alone."""
    import matplotlib

    matplotlib.use("Agg")
    diagonal = yaml.safe_load((ROOT / "config.yaml").read_text())["experiments"]["diagonal"]
    few = {"iterations": 500, "replicates": 2, "snapshots": {"first": 1, "evenly_spaced": 5}}
    config = {"experiments": {"diagonal": diagonal | few}}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    folder = tmp_path / "docs" / "notebooks"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder


def executed(notebook):
    """What a notebook's names stand for at the end."""
    names = {}
    for cell in cells(notebook):
        exec(compile(cell, notebook.name, "exec"), names)
    return names


def drawn(figure):
    """Panels that show something."""
    return [axes for axes in figure.axes if axes.lines]


def test_there_are_two():
    assert [notebook.stem for notebook in NOTEBOOKS] == ["question", "results"]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda notebook: notebook.stem)
def test_a_notebook_as_it_lies_here(notebook):
    content = json.loads(notebook.read_text(encoding="utf-8"))
    assert content["nbformat"] == 4
    for cell in content["cells"]:
        if cell["cell_type"] == "code":
            assert (cell["outputs"], cell["execution_count"]) == ([], None)
    assert "Needs: " in cells(notebook, "markdown")[0]
    nodes = [node for cell in cells(notebook) for node in ast.walk(ast.parse(cell))]
    imported = {a.name.split(".")[0] for n in nodes if isinstance(n, ast.Import) for a in n.names}
    imported |= {n.module.split(".")[0] for n in nodes if isinstance(n, ast.ImportFrom)}
    assert imported <= {"matplotlib", "sparsestep", *sys.stdlib_module_names}


def test_the_results(beside, monkeypatch):
    project = beside.parents[1]
    with monkeypatch.context() as patch:
        patch.chdir(project)
        plan = Plan(yaml.safe_load((project / "config.yaml").read_text()))
        stage_jobs.measure_all(plan)
    names = executed(ROOT / "docs" / "notebooks" / "results.ipynb")
    assert len(drawn(names["figure"])) == 2
    assert list(names["ends"].index) == ["small", "decay-10", "decay-30", "decay-50"]
    assert names["ends"].notna().all(axis=None)


def test_the_question(beside, capsys):
    notebook = ROOT / "docs" / "notebooks" / "question.ipynb"
    names = executed(notebook)
    said = capsys.readouterr().out
    assert said.startswith("runs.'at once': got 'at once'; valid: lower-case letters")
    assert set(names["answer"]["run"]) == {"small", "at-once", "linear", "cosine"}
    assert len(drawn(names["figure"])) == 3
    assert names["ends"].shape == (8, 4)
    assert names["ends"].notna().all(axis=None)
    assert list(beside.iterdir()) == []
