"""Edges: each replicate's largest surviving step size.

INPUTS: results/problems/<experiment>-<id>/<batch>.safetensors
OUTPUTS: results/edges/<experiment>-<id>/<batch>.safetensors
"""


rule calibrate_edges:
    """Where the replicates of a batch begin to diverge; only for runs that ask for it."""
    input:
        problem=lambda wildcards: plan.experiments.calibrated_path(
            wildcards.experiment, wildcards.edges_id, wildcards.batch
        ),
    output:
        "results/edges/{experiment}-{edges_id}/{batch}.safetensors",
    log:
        "results/logs/edges/{experiment}-{edges_id}/{batch}.log",
    benchmark:
        "results/benchmarks/edges/{experiment}-{edges_id}/{batch}.tsv"
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    params:
        spec=plan.jobs.spec("calibrate"),
        code=plan.jobs.code("calibrate"),
    shell:
        r"""
        python -m sparsestep.stages.calibrate \
            --spec {params.spec:q} \
            --code {params.code:q} \
            --threads {threads} \
            --problem {input.problem:q} \
            --output {output:q} \
            2>{log:q}
        """
