"""End values and the report.

INPUTS: all measurements; all figures and their captions; verdicts; tables; sweeps in findings
OUTPUTS: results/summary.csv, results/divergence.csv, results/report.html
"""


rule summarise_measurements:
    """End values: experiment, run, replicate, metric, value. Shares that diverge, Lyapunov times."""
    input:
        tables=plan.experiments.measurement_paths(),
    output:
        summary=report("results/summary.csv", category="Tables"),
        divergence=report("results/divergence.csv", category="Tables"),
    log:
        "results/logs/summary.log",
    benchmark:
        "results/benchmarks/summary.tsv"
    localrule: True
    params:
        spec=plan.jobs.spec("summary"),
        code=plan.jobs.code("summary"),
    shell:
        r"""
        python -m sparsestep.stages.summary \
            @<(printf '%s\n' --spec {params.spec:q} --tables {input.tables:q}) \
            --code {params.code:q} \
            --output {output.summary:q} \
            --divergence {output.divergence:q} \
            2>{log:q}
        """


rule write_report:
    """One page with all figures, captions, verdicts, tables, end values; open it in a browser."""
    input:
        figures=plan.figures.shown_paths(),
        # Local: no `prefix:` of a module goes in front of them, no storage is asked for them.
        captions=local([READ[path] for path in CAPTIONS]),
        tables=plan.simulations.short_table_paths(),
        notes=local([READ[path] for path in NOTES]),
        findings=local([READ[path] for path in FINDINGS]),
        sweeps=[plan.sweeps.collected_path(name) for name in SWEPT],
        template=local(READ[TEMPLATE]),
        summary="results/summary.csv",
        divergence="results/divergence.csv",
        claims="results/claims.csv",
        published="results/published.csv",
    output:
        "results/report.html",
    log:
        "results/logs/report.log",
    benchmark:
        "results/benchmarks/report.tsv"
    localrule: True
    params:
        spec=plan.jobs.spec("report"),
        code=plan.jobs.code("report"),
    shell:
        r"""
        python -m sparsestep.stages.report \
            @<(printf '%s\n' --spec {params.spec:q} --figures {input.figures:q}) \
            --code {params.code:q} \
            --captions {input.captions:q} \
            --tables {input.tables:q} \
            --notes {input.notes:q} \
            --findings {input.findings:q} \
            --sweeps {input.sweeps:q} \
            --template {input.template:q} \
            --summary {input.summary:q} \
            --divergence {input.divergence:q} \
            --verdict {input.claims:q} \
            --published {input.published:q} \
            --output {output:q} \
            2>{log:q}
        """
