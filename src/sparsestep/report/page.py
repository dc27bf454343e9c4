"""The report: one self-contained page with figures, captions, verdicts, tables, end values."""

import base64
from types import SimpleNamespace
from typing import Any

import jinja2
import numpy as np
import pandas as pd
from docutils.core import publish_parts

from sparsestep.claims.words import sentences
from sparsestep.metrics import PERCENT
from sparsestep.report.findings import render as render_findings

# A caption may use nothing but the page's own text.
_DOCUTILS = {"file_insertion_enabled": False, "raw_enabled": False, "report_level": 3}
_MEDIA_TYPES = {".svg": "image/svg+xml", ".gif": "image/gif"}


def build(
    spec: dict[str, Any],
    summary: pd.DataFrame,
    figures: dict[str, tuple[str, bytes]],
    captions: dict[str, str],
    template: str,
    claims: pd.DataFrame | None = None,
    tables: dict[str, pd.DataFrame] | None = None,
    notes: dict[str, str] | None = None,
    findings: dict[str, str] | None = None,
) -> str:
    """The HTML page.

    `spec` lists the `figures`, `experiments`, `simulations` and `tables` of config.yaml, `summary`
    holds the end values, `figures` by name the suffix and content of an image, `tables` the short
    tables of simulations. `captions` are reST texts by kind of figure, `notes` by kind of
    simulation, with the same Jinja variables that Snakemake's own report gives them. `claims` are
    the verdicts: those about what a figure shows stand below its caption. `findings` are texts by
    figure (`report/findings.py`).
    """
    simulations = spec.get("simulations", {})
    experiments = {entry["name"]: entry for entry in spec["experiments"]}
    shown = [
        {
            "name": entry["name"],
            "image": data_uri(*figures[entry["name"]]),
            "caption": render_caption(
                captions[entry["kind"]],
                {"figure": entry["name"]},
                {
                    "figures": {entry["name"]: entry},
                    "experiments": experiments,
                    "simulations": simulations,
                    "sweeps": spec.get("sweeps", {}),
                },
            ),
            "findings": _findings((findings or {}).get(entry["name"], ""), summary, spec),
            "claims": [] if claims is None else sentences(_about(claims, entry["shows"])),
        }
        for entry in spec["figures"]
    ]
    of_simulations = [
        {
            "title": name,
            "caption": render_caption(
                notes[simulations[name]["kind"]],
                {"simulation": name},
                {"simulations": simulations},
            ),
            "header": list(tables[name].columns),
            "rows": tables[name].to_numpy().tolist(),
        }
        for name in spec.get("tables", [])
    ]
    of_experiments = [
        {
            "title": entry["title"] or entry["name"],
            "last_snapshot": entry.get("last_snapshot"),
            "iterations": entry.get("iterations"),
            "epochs": entry.get("epochs"),
            **end_values(summary, entry["name"], entry["order"]),
        }
        for entry in spec["experiments"]
    ]
    page = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    return page.from_string(template).render(
        figures=shown, simulations=of_simulations, tables=of_experiments
    )


def data_uri(suffix: str, content: bytes) -> str:
    """An image as text that stands in the page itself."""
    return f"data:{_MEDIA_TYPES[suffix]};base64,{base64.b64encode(content).decode()}"


def render_caption(text: str, wildcards: dict[str, str], config: dict[str, Any]) -> str:
    """A caption's reST text as HTML, for a figure or table with these wildcards and config."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)
    snakemake = SimpleNamespace(wildcards=SimpleNamespace(**wildcards), config=config)
    rest = environment.from_string(text).render(snakemake=snakemake)
    return as_html(rest)


def as_html(rest: str) -> str:
    """A text in reST as HTML."""
    return publish_parts(rest, writer="html5", settings_overrides=_DOCUTILS)["body"]


def _findings(text: str, summary: pd.DataFrame, spec: dict[str, Any]) -> str:
    """Findings about a figure as HTML; empty where there are none."""
    rest = render_findings(text, summary, spec.get("settings", {})) if text else ""
    return as_html(rest) if rest else ""


def _about(claims: pd.DataFrame, shown: list) -> pd.DataFrame:
    """The rows about these (experiment, metric)."""
    wanted = {tuple(pair) for pair in shown}
    about = [pair in wanted for pair in zip(claims["experiment"], claims["metric"], strict=True)]
    # As truth values, also where there is none: an empty list would choose columns.
    return claims[np.array(about, dtype=bool)]


def end_values(summary: pd.DataFrame, experiment: str, runs: list[str]) -> dict[str, Any]:
    """Header and rows of an experiment's table: per run and metric, median (10 %, 90 %)."""
    of_experiment = summary[summary["experiment"] == experiment]
    wide = of_experiment.pivot(index=["run", "replicate"], columns="metric", values="value")
    order = of_experiment["metric"].drop_duplicates()
    metrics = [name for name in order if name not in ("diverged", "diverged_at", "step_size")]
    rows = []
    for run in runs:
        values = wide.loc[run]
        diverged = values["diverged"] == 1
        cells = [_cell(values.loc[~diverged, name], name) for name in metrics]
        rows.append([run, f"{diverged.sum()} of {len(values)}", *cells])
    shown = [f"{name} [%]" if name in PERCENT else name for name in metrics]
    return {"header": ["run", "diverged", *shown], "rows": rows}


def _cell(values: pd.Series, metric: str) -> str:
    values = values.dropna() * (100 if metric in PERCENT else 1)
    if values.empty:
        return "-"
    low, middle, high = (f"{q:.3g}" for q in values.quantile([0.1, 0.5, 0.9]))
    return f"{middle} ({low}, {high})"
