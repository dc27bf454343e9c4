"""Training.

INPUTS: results/problems/<experiment>-<id>/<batch>.safetensors, and the batch's edges where the run's
step sizes refer to them, and the trajectory of the run that it follows, if it does
OUTPUTS: results/runs/<experiment>/<run>-<id>/<batch>/trajectory.safetensors
"""


rule train_run:
    """Snapshots of the parameters of a batch of replicates of one run."""
    input:
        problem=lambda wildcards: plan.experiments.problem_path(
            wildcards.experiment, wildcards.batch, wildcards.run
        ),
        edges=lambda wildcards: plan.experiments.edges_path(
            wildcards.experiment, wildcards.run, wildcards.batch
        ),
        follows=lambda wildcards: plan.experiments.followed_path(
            wildcards.experiment, wildcards.run, wildcards.batch
        ),
    output:
        "results/runs/{experiment}/{run}-{run_id}/{batch}/trajectory.safetensors",
    log:
        "results/logs/runs/{experiment}/{run}-{run_id}/{batch}/trajectory.log",
    benchmark:
        "results/benchmarks/runs/{experiment}/{run}-{run_id}/{batch}/trajectory.tsv"
    wildcard_constraints:
        experiment=EXPERIMENTS_ON_VECTORS,
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 15 * attempt,
    params:
        spec=plan.jobs.spec("train"),
        code=plan.jobs.code("train"),
    shell:
        r"""
        python -m sparsestep.stages.train \
            --spec {params.spec:q} \
            --code {params.code:q} \
            --threads {threads} \
            --problem {input.problem:q} \
            --edges {input.edges:q} \
            --follows {input.follows:q} \
            --output {output:q} \
            2>{log:q}
        """
