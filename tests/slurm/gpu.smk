"""Jobs that need a GPU each, as large networks do.

INPUTS: none. OUTPUTS: gpu/<job>.txt, how many GPUs Slurm says the job has
"""


rule use_gpu:
    """Long enough to be submitted while others run."""
    output:
        "gpu/{job}.txt",
    log:
        "gpu/{job}.log",
    threads: 2
    resources:
        gpu=1,
    shell:
        r"""
        (
            echo "$SLURM_GPUS_ON_NODE"
            sleep 3
        ) >{output:q} 2>{log:q}
        """


rule use_gpus:
    """More jobs than GPUs."""
    input:
        expand("gpu/{job}.txt", job=["a", "b", "c"]),
