"""sparsestep: data -> training -> measurements, and simulations -> figures -> report.

snakemake                 everything: figures, results/summary.csv, results/report.html
snakemake -n              what would run, and why
snakemake figures         the figures alone
snakemake <experiment>    its measurements, and the figures of it alone
"""

from snakemake.utils import min_version

min_version("9.25.1")


include: "workflow/rules/sources.smk"
include: "workflow/rules/config.smk"


configfile: f"{ROOT}/config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/prepare.smk"
include: "workflow/rules/generate.smk"
include: "workflow/rules/calibrate.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/measure.smk"
include: "workflow/rules/images.smk"
include: "workflow/rules/sweep.smk"
include: "workflow/rules/simulate.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/claims.smk"
include: "workflow/rules/report.smk"


rule all:
    """Every figure, the tables, the verdicts and the report."""
    default_target: True
    input:
        plan.figures.paths(),
        plan.sweeps.collected_paths(),
        "results/summary.csv",
        "results/divergence.csv",
        "results/claims.csv",
        "results/published.csv",
        "results/report.html",


include: "workflow/rules/targets.smk"
