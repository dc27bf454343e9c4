"""Networks on images: a replicate a job, of digits three.

INPUTS: results/data/<dataset>-<id>.safetensors
OUTPUTS: results/runs/<experiment>/<run>-<id>/<batch>/trajectory.safetensors and measurements.parquet
Checkpoints of runs that are not finished: results/.resume/<experiment>/<run>-<id>/<batch>/<replicate>/
"""


rule train_images:
    """Snapshots of a network on images."""
    input:
        dataset=lambda wildcards: plan.sweeps.images.dataset_path(
            wildcards.experiment, wildcards.run, wildcards.run_id
        ),
    output:
        "results/runs/{experiment}/{run}-{run_id}/{batch}/trajectory.safetensors",
    log:
        "results/logs/runs/{experiment}/{run}-{run_id}/{batch}/trajectory.log",
    benchmark:
        "results/benchmarks/runs/{experiment}/{run}-{run_id}/{batch}/trajectory.tsv"
    wildcard_constraints:
        experiment=EXPERIMENTS_ON_IMAGES,
    resources:
        **GPU,
        # For a day; a job that is submitted again goes on from its checkpoint.
        runtime=1440,
        mem_mb=lambda wildcards: 4000
        + 4
        * plan.sweeps.images.snapshots_mb(
            wildcards.experiment, wildcards.run, wildcards.run_id, wildcards.batch
        ),
        disk_mb=lambda wildcards: plan.sweeps.images.snapshots_mb(
            wildcards.experiment, wildcards.run, wildcards.run_id, wildcards.batch
        ),
    params:
        spec=plan.jobs.spec("train_images"),
        code=plan.jobs.code("train_images"),
    shell:
        r"""
        python -m sparsestep.stages.train_images \
            --spec {params.spec:q} \
            --code {params.code:q} \
            --threads {threads} \
            --dataset {input.dataset:q} \
            --resume results/.resume/{wildcards.experiment}/{wildcards.run}-{wildcards.run_id}/{wildcards.batch} \
            --output {output:q} \
            2>{log:q}
        """


rule measure_images:
    """What the snapshots of a network on images are like."""
    input:
        dataset=lambda wildcards: plan.experiments.dataset_path(
            wildcards.experiment, wildcards.run
        ),
        trajectory="results/runs/{experiment}/{run}-{run_id}/{batch}/trajectory.safetensors",
    output:
        "results/runs/{experiment}/{run}-{run_id}/{batch}/measurements.parquet",
    log:
        "results/logs/runs/{experiment}/{run}-{run_id}/{batch}/measurements.log",
    benchmark:
        "results/benchmarks/runs/{experiment}/{run}-{run_id}/{batch}/measurements.tsv"
    wildcard_constraints:
        experiment=EXPERIMENTS_ON_IMAGES,
    resources:
        **GPU,
        runtime=lambda wildcards, attempt: 120 * attempt,
        mem_mb=lambda wildcards: 4000
        + 4 * plan.experiments.snapshots_mb(wildcards.experiment, wildcards.batch),
    params:
        spec=plan.jobs.spec("measure_images"),
        code=plan.jobs.code("measure_images"),
    shell:
        r"""
        python -m sparsestep.stages.measure_images \
            --spec {params.spec:q} \
            --code {params.code:q} \
            --threads {threads} \
            --dataset {input.dataset:q} \
            --trajectory {input.trajectory:q} \
            --output {output:q} \
            2>{log:q}
        """
