"""The report: one self-contained page with figures, captions and end values."""

import base64
from types import SimpleNamespace
from typing import Any

import jinja2
import pandas as pd
from docutils.core import publish_parts

# A caption may use nothing but the page's own text.
_DOCUTILS = {"file_insertion_enabled": False, "raw_enabled": False, "report_level": 3}
_MEDIA_TYPES = {".svg": "image/svg+xml", ".gif": "image/gif"}


def build(
    spec: dict[str, Any],
    summary: pd.DataFrame,
    figures: dict[str, tuple[str, bytes]],
    captions: dict[str, str],
    template: str,
) -> str:
    """The HTML page.

    `spec` lists the `figures` and `experiments` of config.yaml, `summary` the end values,
    `figures` by name the suffix and content of an image, `captions` a reST text by kind of figure,
    with the same Jinja variables that Snakemake's own report gives them.
    """
    experiments = {entry["name"]: entry for entry in spec["experiments"]}
    shown = [
        {
            "name": entry["name"],
            "image": data_uri(*figures[entry["name"]]),
            "caption": render_caption(captions[entry["kind"]], entry["name"], entry, experiments),
        }
        for entry in spec["figures"]
    ]
    tables = [
        {
            "title": entry["title"] or entry["name"],
            **end_values(summary, entry["name"], entry["order"]),
        }
        for entry in spec["experiments"]
    ]
    page = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    return page.from_string(template).render(figures=shown, tables=tables)


def data_uri(suffix: str, content: bytes) -> str:
    """An image as text that stands in the page itself."""
    return f"data:{_MEDIA_TYPES[suffix]};base64,{base64.b64encode(content).decode()}"


def render_caption(
    text: str, figure: str, entry: dict[str, Any], experiments: dict[str, Any]
) -> str:
    """A caption's reST text, for the figure of this name and entry in config.yaml, as HTML.

    Of the `experiments` it may use what `report_spec` holds, such as replicates and iterations.
    """
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)
    snakemake = SimpleNamespace(
        wildcards=SimpleNamespace(figure=figure),
        config={"figures": {figure: entry}, "experiments": experiments},
    )
    rest = environment.from_string(text).render(snakemake=snakemake)
    return publish_parts(rest, writer="html5", settings_overrides=_DOCUTILS)["body"]


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
        cells = [_cell(values.loc[~diverged, name]) for name in metrics]
        rows.append([run, f"{diverged.sum()} of {len(values)}", *cells])
    return {"header": ["run", "diverged", *metrics], "rows": rows}


def _cell(values: pd.Series) -> str:
    values = values.dropna()
    if values.empty:
        return "-"
    low, middle, high = (f"{q:.3g}" for q in values.quantile([0.1, 0.5, 0.9]))
    return f"{middle} ({low}, {high})"
