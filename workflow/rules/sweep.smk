"""Sweeps: end values over step size and duration, many points a job.

INPUTS: results/problems/<experiment>-<id>/<batch>.safetensors
OUTPUTS: results/sweeps/<sweep>-<id>/<chunk>/<batch>.parquet, results/sweeps/<sweep>.csv
"""


rule sweep_runs:
    """End values of a chunk of a sweep's points for a batch of replicates."""
    input:
        problem=lambda wildcards: plan.sweeps.problem_path(
            wildcards.sweep, wildcards.batch
        ),
    output:
        "results/sweeps/{sweep}-{sweep_id}/{chunk}/{batch}.parquet",
    log:
        "results/logs/sweeps/{sweep}-{sweep_id}/{chunk}/{batch}.log",
    benchmark:
        "results/benchmarks/sweeps/{sweep}-{sweep_id}/{chunk}/{batch}.tsv"
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    params:
        spec=plan.jobs.spec("sweep"),
        code=plan.jobs.code("sweep"),
    shell:
        r"""
        python -m sparsestep.stages.sweep \
            --spec {params.spec:q} \
            --code {params.code:q} \
            --threads {threads} \
            --problem {input.problem:q} \
            --output {output:q} \
            2>{log:q}
        """


rule collect_sweep:
    """All end values of a sweep in one table."""
    input:
        tables=lambda wildcards: plan.sweeps.paths(wildcards.sweep),
    output:
        "results/sweeps/{sweep}.csv",
    log:
        "results/logs/sweeps/{sweep}.log",
    benchmark:
        "results/benchmarks/sweeps/{sweep}.tsv"
    localrule: True
    params:
        spec=plan.jobs.spec("collect"),
        code=plan.jobs.code("collect"),
    shell:
        r"""
        python -m sparsestep.stages.collect \
            @<(printf '%s\n' --spec {params.spec:q} --tables {input.tables:q}) \
            --code {params.code:q} \
            --output {output:q} \
            2>{log:q}
        """


rule sweeps:
    """The table of every sweep."""
    input:
        plan.sweeps.collected_paths(),
