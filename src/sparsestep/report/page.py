"""The report: one self-contained page with figures, captions, verdicts, tables, end values."""

import base64
from types import SimpleNamespace
from typing import Any, NamedTuple

import jinja2
import numpy as np
import pandas as pd

from sparsestep import metrics
from sparsestep.claims.words import sentences
from sparsestep.dictionary import pages as dictionary
from sparsestep.errors import ConfigError
from sparsestep.report import published_tables
from sparsestep.report.divergence import shown
from sparsestep.report.findings import render as render_findings
from sparsestep.report.rest import as_html
from sparsestep.report.verdicts import counted, left_out

# Where the texts are, for messages.
_PAGES = "workflow/report"

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
    surroundings: dict[str, str] | None = None,
    published: pd.DataFrame | None = None,
    divergence: pd.DataFrame | None = None,
    sweeps: dict[str, pd.DataFrame] | None = None,
) -> str:
    """The HTML page.

    `spec` lists the `figures`, `experiments`, `simulations` and `tables` of config.yaml, and
    `remarks` on its claims; `summary` holds the end values, `figures` by name the suffix and
    content of an image, `tables` the short tables of simulations. `captions` are reST texts by kind
    of figure, `notes` by kind of simulation, with the same Jinja variables that Snakemake's own
    report gives them. `claims` are the verdicts: those about what a figure shows stand below its
    caption, and all of them are counted. `findings` are texts by figure (`report/findings.py`),
    `surroundings` what the page's foot says of processor and libraries. `published` are published
    values beside ours (`report/published.py`), `divergence` is the table of `report/divergence.py`,
    `sweeps` are the tables of the sweeps that findings name.
    """
    page = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    about = _About(summary, claims, findings or {}, spec.get("settings", {}), sweeps or {})
    return page.from_string(template).render(
        figures=[
            {**_figure(entry, spec, captions, *figures[entry["name"]]), **about.figure(entry)}
            for entry in spec["figures"]
        ],
        simulations=[
            _simulation(name, spec["simulations"], notes or {}, (tables or {})[name])
            for name in spec.get("tables", [])
        ],
        tables=[_experiment(entry, summary) for entry in spec["experiments"]],
        remarks=spec.get("remarks", []),
        verdicts=None if claims is None or claims.empty else counted(claims),
        left_out=[] if claims is None else left_out(claims),
        surroundings=surroundings or {},
        published=_beside(published),
        columns=dictionary.tables(),
        about_columns=[dictionary.SUFFIXES, dictionary.NOTATION],
        divergence=None if divergence is None else shown(divergence),
    )


def _figure(
    entry: dict[str, Any], spec: dict[str, Any], captions: dict[str, str], suffix: str, image: bytes
) -> dict[str, Any]:
    """A figure's image and caption."""
    config = {
        "figures": {entry["name"]: entry},
        "experiments": {shown["name"]: shown for shown in spec["experiments"]},
        "simulations": spec.get("simulations", {}),
        "sweeps": spec.get("sweeps", {}),
    }
    source = f"{_PAGES}/{entry['kind']}.rst or figures.{entry['name']}.caption"
    caption = render_caption(captions[entry["kind"]], {"figure": entry["name"]}, config, source)
    return {"name": entry["name"], "image": data_uri(suffix, image), "caption": caption}


def _beside(published: pd.DataFrame | None) -> dict[str, Any] | None:
    """Published values beside ours: counted, those outside, and a table for each figure."""
    if published is None or published.empty:
        return None
    return {
        "counted": published_tables.counted(published),
        "outside": published_tables.not_inside(published),
        "tables": published_tables.by_figure(published),
    }


class _About(NamedTuple):
    """What is known of what figures show: end values, verdicts, findings, settings, sweeps."""

    summary: pd.DataFrame
    claims: pd.DataFrame | None
    findings: dict[str, str]
    settings: dict[str, str]
    sweeps: dict[str, pd.DataFrame]

    def figure(self, entry: dict[str, Any]) -> dict[str, Any]:
        """Findings as HTML and verdicts as sentences."""
        text = self.findings.get(entry["name"], "")
        known = (self.summary, self.settings, self.sweeps)
        rest = render_findings(text, *known) if text else ""
        claims = [] if self.claims is None else sentences(_rows_about(self.claims, entry["shows"]))
        source = f"{_PAGES}/findings/{entry['name']}.rst"
        return {"findings": as_html(rest, source) if rest else "", "claims": claims}


def _simulation(
    name: str, simulations: dict[str, Any], notes: dict[str, str], table: pd.DataFrame
) -> dict[str, Any]:
    """A simulation's short table and its caption."""
    kind = simulations[name]["kind"]
    config, source = {"simulations": simulations}, f"{_PAGES}/tables/{kind}.rst"
    return {
        "title": name,
        "caption": render_caption(notes[kind], {"simulation": name}, config, source),
        "header": list(table.columns),
        "rows": table.to_numpy().tolist(),
    }


def _experiment(entry: dict[str, Any], summary: pd.DataFrame) -> dict[str, Any]:
    """An experiment's table of end values."""
    runs = entry.get("runs", {})
    return {
        "title": entry["title"] or entry["name"],
        "last_snapshot": entry.get("last_snapshot"),
        "iterations": entry.get("iterations"),
        "epochs": entry.get("epochs"),
        # Runs with a T of their own.
        "others": {
            run: runs[run] for run in runs and entry["order"] if "last_snapshot" in runs[run]
        },
        **end_values(summary, entry["name"], entry["order"]),
    }


def data_uri(suffix: str, content: bytes) -> str:
    """An image as text that stands in the page itself."""
    return f"data:{_MEDIA_TYPES[suffix]};base64,{base64.b64encode(content).decode()}"


def render_caption(
    text: str, wildcards: dict[str, str], config: dict[str, Any], source: str = "a caption"
) -> str:
    """A caption's reST text as HTML, for a figure or table with these wildcards and config.

    Raises ConfigError, which names the `source`, where it is not valid.
    """
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)
    snakemake = SimpleNamespace(wildcards=SimpleNamespace(**wildcards), config=config)
    try:
        rest = environment.from_string(text).render(snakemake=snakemake)
    except jinja2.TemplateError as error:
        raise ConfigError(f"{source}: {' '.join(str(error).split())}") from None
    return as_html(rest, source)


def _rows_about(claims: pd.DataFrame, shown: list) -> pd.DataFrame:
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
    columns = [name for name in order if name not in ("diverged", "diverged_at", "step_size")]
    rows = []
    for run in runs:
        values = wide.loc[run]
        diverged = values["diverged"] == 1
        cells = [_cell(values.loc[~diverged, name], name) for name in columns]
        rows.append([run, f"{diverged.sum()} of {len(values)}", *cells])
    shown = [f"{name} [%]" if metrics.describe(name).per_cent else name for name in columns]
    return {"header": ["run", "diverged", *shown], "rows": rows}


def _cell(values: pd.Series, metric: str) -> str:
    values = values.dropna() * (100 if metrics.describe(metric).per_cent else 1)
    if values.empty:
        return "-"
    low, middle, high = (f"{q:.3g}" for q in values.quantile([0.1, 0.5, 0.9]))
    return f"{middle} ({low}, {high})"
