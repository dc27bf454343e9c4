"""The paper's statements, tested, and its end values beside ours.

INPUTS: measurements of the experiments that have `claims:`, or published values
OUTPUTS: results/claims.csv, results/published.csv
"""


rule judge_claims:
    """Verdicts: experiment, claim, metric, the two runs, medians, effect, interval, p, verdicts."""
    input:
        tables=plan.report.claims_inputs(),
    output:
        report("results/claims.csv", category="Tables"),
    log:
        "results/logs/claims.log",
    benchmark:
        "results/benchmarks/claims.tsv"
    localrule: True
    params:
        spec=plan.jobs.spec("claims"),
        code=plan.jobs.code("claims"),
    shell:
        r"""
        python -m sparsestep.stages.claims \
            @<(printf '%s\n' --spec {params.spec:q} --tables {input.tables:q}) \
            --code {params.code:q} \
            --output {output:q} \
            2>{log:q}
        """


rule compare_with_published:
    """Published end values beside ours: replicate 0, median, range, verdict, reason."""
    input:
        tables=plan.published.inputs(),
    output:
        report("results/published.csv", category="Tables"),
    log:
        "results/logs/published.log",
    benchmark:
        "results/benchmarks/published.tsv"
    localrule: True
    params:
        spec=plan.jobs.spec("published"),
        code=plan.jobs.code("published"),
    shell:
        r"""
        python -m sparsestep.stages.published \
            @<(printf '%s\n' --spec {params.spec:q} --tables {input.tables:q}) \
            --code {params.code:q} \
            --output {output:q} \
            2>{log:q}
        """
