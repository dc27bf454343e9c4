"""The paper's statements, tested.

INPUTS: measurements of the experiments that have `claims:`
OUTPUTS: results/claims.csv
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
