"""Measurements.

INPUTS: a batch's problem and trajectory
OUTPUTS: results/runs/<experiment>/<run>-<id>/<batch>/measurements.parquet
"""


rule measure_run:
    """What the snapshots of a batch of replicates of one run are like."""
    input:
        problem=lambda wildcards: plan.experiments.problem_path(
            wildcards.experiment, wildcards.batch, wildcards.run
        ),
        trajectory="results/runs/{experiment}/{run}-{run_id}/{batch}/trajectory.safetensors",
    output:
        "results/runs/{experiment}/{run}-{run_id}/{batch}/measurements.parquet",
    log:
        "results/logs/runs/{experiment}/{run}-{run_id}/{batch}/measurements.log",
    benchmark:
        "results/benchmarks/runs/{experiment}/{run}-{run_id}/{batch}/measurements.tsv"
    wildcard_constraints:
        experiment=EXPERIMENTS_ON_VECTORS,
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 15 * attempt,
    params:
        spec=plan.jobs.spec("measure"),
        code=plan.jobs.code("measure"),
    shell:
        r"""
        python -m sparsestep.stages.measure \
            --spec {params.spec:q} \
            --code {params.code:q} \
            --threads {threads} \
            --problem {input.problem:q} \
            --trajectory {input.trajectory:q} \
            --output {output:q} \
            2>{log:q}
        """
