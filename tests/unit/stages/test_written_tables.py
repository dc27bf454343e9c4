"""What stages write of what they have read: tables as CSV, figures in every format."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from sparsestep.artifacts.files import provenance
from sparsestep.artifacts.identity import identity
from sparsestep.artifacts.tables import SWEEP, write_table
from sparsestep.errors import ArtifactError, SparsestepError
from sparsestep.stages import (
    claims,
    collect,
    collect_points,
    figure,
    job,
    published,
    summary,
    sweep_points,
)

TABLE = pd.DataFrame(
    [("small", r, t, 5 if r else -1, 0.25 * t) for r in (0, 1) for t in (0, 9)],
    columns=["run", "replicate", "iteration", "diverged_at", "l0"],
)


@pytest.fixture
def outputs(tmp_path):
    return {name: str(tmp_path / name) for name in ("output", "divergence")}


def lines_of(path):
    with open(path, encoding="utf-8", newline="") as file:
        return file.read().split("\n")


@pytest.mark.parametrize("stage", [collect, collect_points])
def test_tables_of_a_sweep_lie_below_each_other_as_they_come(tmp_path, outputs, stage):
    names = ["step_size", "decay_at", "replicate", "iteration", "diverged_at", "l0"]
    specs, paths = [{"chunk": 2}, {"chunk": 1}], []
    for place, spec in enumerate(specs):
        path = tmp_path / f"{place}.parquet"
        rows = [[0.5, 0.25, 16 * place, 9, 3, np.nan], [0.5, 0.25, 16 * place + 1, 9, -1, 1 / 3]]
        content = [SWEEP] if stage is collect else []
        write_table(path, pd.DataFrame(rows, columns=names), provenance(spec, ""), *content)
        paths.append(str(path))
    told = SimpleNamespace(spec={"tables": list(map(identity, specs))}, tables=paths, **outputs)
    stage.main(told)
    header, *rows, end = lines_of(outputs["output"])
    assert header == ",".join(names)
    # Without numbers of the rows; every digit of a number, and a text for none.
    assert rows == [
        "0.5,0.25,0,9,3,nan",
        "0.5,0.25,1,9,-1,0.3333333333333333",
        "0.5,0.25,16,9,3,nan",
        "0.5,0.25,17,9,-1,0.3333333333333333",
    ]
    assert end == ""
    told.spec["tables"].reverse()
    with pytest.raises(ArtifactError, match="made from another configuration"):
        stage.main(told)


def told(monkeypatch, stage, spec, outputs):
    """Arguments of a stage that reads the table above."""

    def read(paths, names):
        assert (paths, names) == (["t"], [["one", "small", "id"]])
        return {"one": TABLE}

    monkeypatch.setattr(stage, "read_tables", read)
    spec = {"tables": [["one", "small", "id"]], **spec}
    return SimpleNamespace(spec=spec, tables=["t"], **outputs)


def test_end_values_and_divergence_are_files_of_their_own(monkeypatch, outputs):
    perturbed = {"one": {"small": {"size": 0.125, "copies": False}}}
    summary.main(told(monkeypatch, summary, {"perturbed": perturbed}, outputs))
    rows = lines_of(outputs["output"])
    assert rows[0] == "experiment,run,replicate,metric,value"
    assert "one,small,0,l0,2.25" in rows
    assert "one,small,1,l0,nan" in rows
    header, row, _ = lines_of(outputs["divergence"])
    assert header.startswith("experiment,run,perturbation,replicates,diverged,share")
    # Replicate 1 alone is perturbed.
    assert row.startswith("one,small,0.125,1,1,1.0,")
    assert row.endswith(",nan")


def test_verdicts_stand_beside_published_values(monkeypatch, outputs):
    pair = {"experiment": "one", "claim": "better", "run_a": "small", "run_b": "long"}
    row = {**pair, "metric": "l0", "effect_kind": "ratio", "p": np.nan}
    spec = {"experiments": [{"name": "one", "published": {"small": {"l0": 8}, "long": {"l0": 2}}}]}
    arguments = told(monkeypatch, claims, spec, outputs)

    def judge(tables, asked):
        assert tables["one"] is TABLE
        assert asked is arguments.spec
        return pd.DataFrame([row])

    monkeypatch.setattr(claims, "judge", judge)
    claims.main(arguments)
    assert lines_of(outputs["output"])[:2] == [
        f"{','.join(row)},published_a,published_b,published_effect",
        "one,better,small,long,l0,ratio,nan,8.0,2.0,0.25",
    ]


def test_published_values_beside_ours(monkeypatch, outputs):
    block = {"figure": "Figure 2", "source": "text", "experiment": "one", "outside": []}
    spec = {"published": [{**block, "values": [["small", "l0", 2.25]]}]}
    published.main(told(monkeypatch, published, spec, outputs))
    header, row, _ = lines_of(outputs["output"])
    assert header.startswith("figure,source,experiment,run,metric,published,replicate_0,")
    assert row.startswith("Figure 2,text,one,small,l0,2.25,2.25,nan,2,1,")


def test_a_figure_is_written_in_every_format_that_is_asked_for(monkeypatch, tmp_path):
    paths = {name: [f"{name} of it"] for name in figure.SOURCES}
    read = []
    monkeypatch.setattr(figure, "read_sources", lambda *given: read.append(given) or "sources")
    monkeypatch.setattr(figure, "plot", lambda *given: given)
    monkeypatch.setattr(figure, "render", lambda drawn, kind: f"{drawn[0]} as {kind}".encode())
    wanted = [tmp_path / f"f.{suffix}" for suffix in ("svg", "png", "pdf")]
    spec = {"sources": {"tables": []}}
    figure.main(SimpleNamespace(spec=spec, outputs=list(map(str, wanted)), **paths))
    assert read == [(spec["sources"], paths)]
    assert [path.read_text() for path in wanted] == [
        f"sources as {kind}" for kind in ("svg", "png", "pdf")
    ]


def test_points_are_refused_where_what_they_load_has_changed(monkeypatch):
    common = {"problem": {"a": 1}, "iterations": 5, "model": {"b": 2}}
    spec = {"common": common, "points": [], "replicates": [0, 1]}
    written, read = [], []
    monkeypatch.setattr(sweep_points.code, "points_code", lambda spec: "loaded")
    monkeypatch.setattr(sweep_points, "run", lambda spec, threads, problem: [threads, problem])
    monkeypatch.setattr(sweep_points, "read_problem", lambda *given: read.append(given) or "it")
    monkeypatch.setattr(sweep_points, "write_table", lambda *given: written.append(given))
    told = SimpleNamespace(spec=spec, code="code", loaded="loaded", threads=3, output="o")
    sweep_points.main(SimpleNamespace(**vars(told), problems=[]))
    sweep_points.main(SimpleNamespace(**vars(told), problems=["p"]))
    assert read == [("p", job.problem_of({**common, "replicates": [0, 1]}))]
    assert [(path, table) for path, table, _ in written] == [("o", [3, None]), ("o", [3, "it"])]
    # The table says by which code all of it was made.
    assert {source["code"] for *_, source in written} == {"code loaded"}
    told.loaded = "other"
    with pytest.raises(SparsestepError, match="the sources changed while the workflow ran"):
        sweep_points.main(SimpleNamespace(**vars(told), problems=[]))
    assert len(written) == 2
