"""Data, initial parameters and sampling order.

INPUTS: none. OUTPUTS: results/problems/<experiment>-<id>/<batch>.safetensors
"""


rule generate_problem:
    """All that is random about a batch of replicates."""
    output:
        "results/problems/{experiment}-{problem_id}/{batch}.safetensors",
    log:
        "results/logs/problems/{experiment}-{problem_id}/{batch}.log",
    benchmark:
        "results/benchmarks/problems/{experiment}-{problem_id}/{batch}.tsv"
    localrule: True
    params:
        spec=plan.jobs.spec("generate"),
        code=plan.jobs.code("generate"),
    shell:
        r"""
        python -m sparsestep.stages.generate \
            --spec {params.spec:q} \
            --code {params.code:q} \
            --output {output:q} \
            2>{log:q}
        """
