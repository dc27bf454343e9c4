"""Targets beside `all`: figures, measurements, and one for each experiment, by its name.

INPUTS: figures and measurements. OUTPUTS: none.
"""


rule figures:
    """Every figure, as svg, png and pdf."""
    input:
        plan.figures.paths(),


rule measurements:
    """Every measurement table."""
    input:
        plan.experiments.measurement_paths(),


rule check_trajectories:
    """Are the small networks' trajectories, bit for bit, those that stand in the repository?"""
    input:
        plan.experiments.trajectories_on_vectors(),
    log:
        "results/logs/check_trajectories.log",
    localrule: True
    params:
        reference=os.path.relpath(ROOT / "workflow" / "trajectories.csv"),
    shell:
        r"""
        python -m sparsestep.reproduction {params.reference:q} \
            @<(printf '%s\n' {input:q}) 2>&1 | tee {log:q}
        """


# Names of all rules but these targets: a module is read again for each `use rule ... with:`.
TAKEN = {rule.name for rule in workflow.rules if rule.docstring or rule.shellcmd}
# A module's rules may be renamed, or left out.
NAMES = workflow.modifier
RESERVED = [
    name
    for name in plan.experiments.blocks
    if NAMES.avail_rulename(name) and NAMES.modify_rulename(name) in TAKEN
]

try:
    TARGETS = plan.targets(RESERVED)
except ConfigError as error:
    raise WorkflowError(str(error)) from None

for experiment in TARGETS:

    rule:
        name:
            experiment
        input:
            plan.target_paths(experiment),
