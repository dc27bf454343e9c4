"""Sweeps: end values at the points of a grid, many points a job.

INPUTS: results/problems/<experiment>-<id>/<batch>.safetensors, trajectories of networks on images
OUTPUTS: results/sweeps/<sweep>-<id>/<chunk>/<batch>.parquet, results/sweeps/<sweep>.csv
"""


rule sweep_runs:
    """End values over step size and duration: a chunk of points for a batch of replicates."""
    input:
        problem=lambda wildcards: plan.sweeps.phases.problem_path(
            wildcards.sweep, wildcards.batch
        ),
    output:
        "results/sweeps/{sweep}-{sweep_id}/{chunk}/{batch}.parquet",
    log:
        "results/logs/sweeps/{sweep}-{sweep_id}/{chunk}/{batch}.log",
    benchmark:
        "results/benchmarks/sweeps/{sweep}-{sweep_id}/{chunk}/{batch}.tsv"
    wildcard_constraints:
        sweep=plan.sweeps.name_pattern("phases"),
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
    wildcard_constraints:
        sweep=plan.sweeps.name_pattern("phases"),
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


rule sweep_points:
    """End values over keys: a chunk of points for a batch of replicates."""
    input:
        problems=lambda wildcards: plan.sweeps.keys.problem_paths(
            wildcards.sweep, wildcards.batch
        ),
    output:
        "results/sweeps/{sweep}-{sweep_id}/{chunk}/{batch}.parquet",
    log:
        "results/logs/sweeps/{sweep}-{sweep_id}/{chunk}/{batch}.log",
    benchmark:
        "results/benchmarks/sweeps/{sweep}-{sweep_id}/{chunk}/{batch}.tsv"
    wildcard_constraints:
        sweep=plan.sweeps.name_pattern("keys", "vectors"),
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    params:
        spec=plan.jobs.spec("sweep_points"),
        code=plan.jobs.code("sweep_points"),
        loaded=plan.jobs.points_code,
    shell:
        r"""
        python -m sparsestep.stages.sweep_points \
            --spec {params.spec:q} \
            --code {params.code:q} \
            --threads {threads} \
            --loaded {params.loaded:q} \
            --problems {input.problems:q} \
            --output {output:q} \
            2>{log:q}
        """


rule sweep_images:
    """The end of a point of a sweep over keys on images, for a batch of replicates."""
    input:
        dataset=lambda wildcards: plan.sweeps.images.point(
            wildcards.sweep, wildcards.chunk
        ).dataset_path,
        trajectory=lambda wildcards: plan.sweeps.images.trajectory_path(
            wildcards.sweep, wildcards.chunk, wildcards.batch
        ),
    output:
        "results/sweeps/{sweep}-{sweep_id}/{chunk}/{batch}.parquet",
    log:
        "results/logs/sweeps/{sweep}-{sweep_id}/{chunk}/{batch}.log",
    benchmark:
        "results/benchmarks/sweeps/{sweep}-{sweep_id}/{chunk}/{batch}.tsv"
    wildcard_constraints:
        sweep=plan.sweeps.name_pattern("keys", "images"),
    resources:
        **GPU,
        runtime=lambda wildcards, attempt: 120 * attempt,
        mem_mb=lambda wildcards: 4000
        + 4
        * plan.sweeps.images.point(wildcards.sweep, wildcards.chunk).snapshots_mb(
            wildcards.batch
        ),
    params:
        spec=plan.jobs.spec("sweep_images"),
        code=plan.jobs.code("sweep_images"),
        loaded=plan.jobs.points_code,
    shell:
        r"""
        python -m sparsestep.stages.sweep_images \
            --spec {params.spec:q} \
            --code {params.code:q} \
            --threads {threads} \
            --loaded {params.loaded:q} \
            --dataset {input.dataset:q} \
            --trajectory {input.trajectory:q} \
            --output {output:q} \
            2>{log:q}
        """


rule collect_points:
    """All end values of a sweep over keys in one table."""
    input:
        tables=lambda wildcards: plan.sweeps.paths(wildcards.sweep),
    output:
        "results/sweeps/{sweep}.csv",
    log:
        "results/logs/sweeps/{sweep}.log",
    benchmark:
        "results/benchmarks/sweeps/{sweep}.tsv"
    wildcard_constraints:
        sweep=plan.sweeps.name_pattern("keys"),
    localrule: True
    params:
        spec=plan.jobs.spec("collect_points"),
        code=plan.jobs.code("collect_points"),
    shell:
        r"""
        python -m sparsestep.stages.collect_points \
            @<(printf '%s\n' --spec {params.spec:q} --tables {input.tables:q}) \
            --code {params.code:q} \
            --output {output:q} \
            2>{log:q}
        """


rule sweeps:
    """The table of every sweep."""
    input:
        plan.sweeps.collected_paths(),
