"""Targets beside `all`: figures, measurements, and one for each experiment, by its name.

INPUTS: figures and measurements. OUTPUTS: none.
"""


rule figures:
    """Every figure, as svg, png and pdf."""
    input:
        plan.figure_paths(),


rule measurements:
    """Every measurement table."""
    input:
        plan.measurement_paths(),


# None is called like a rule above: config/names.py has refused that.
for experiment in plan.experiments:

    rule:
        name:
            experiment
        input:
            plan.experiment_paths(experiment),
