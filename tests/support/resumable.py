"""A process that has torch at hand and trains in forks of itself, which tests kill.

Lines of standard input are JSON, [folder, target]: it forks, prints the child's process id, waits,
and prints its exit code, minus the signal if one ended it.
"""

import json
import os
import sys

import numpy as np
from image_training import SOTA, make_images, make_spec

from sparsestep.images.training import loop as training
from sparsestep.images.training.resume import Folder

ALWAYS = 1e-9  # minutes between checkpoints


def long_spec():
    return make_spec(iterations=150, batch_size=8, **SOTA)


def keeper_in(folder, spec, code="c0de", made_by="cpu float32"):
    return Folder(folder, spec, code, made_by, ALWAYS)


def train_to_the_end(folder, target):
    """Leave parameters and losses in `target`, under that name only when it is whole."""
    spec = long_spec()
    keeper = keeper_in(folder, spec)
    keeper.end_on_signals()
    trajectory = training.train(make_images(), spec, keeper=keeper)
    with open(f"{target}.tmp", "wb") as file:
        np.savez(file, parameters=trajectory.parameters, batch_loss=trajectory.batch_loss)
    os.replace(f"{target}.tmp", target)


def main():
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            train_to_the_end(*json.loads(line))
            sys.exit(0)
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
