"""Random streams: the list in `seeds.py` is whole, and no two of them start alike."""

import re
from typing import get_args

import numpy as np

from sparsestep import seeds
from sparsestep.algorithms import label_noise
from sparsestep.images.training import epochs


def listed():
    """Number and name of each stream, as the module says."""
    return {
        int(n): name for n, name in re.findall(r"^ {4}(\d)  (\S+)", seeds.__doc__, re.MULTILINE)
    }


def test_the_list_of_streams_is_whole():
    by_replicate = dict(enumerate(get_args(seeds.Stream)))
    others = {label_noise._STREAM: "noise", epochs._STREAM: "epochs"}
    assert listed() == {**by_replicate, **others}
    assert len(by_replicate.keys() | others.keys()) == len(by_replicate) + len(others)


def test_no_two_streams_start_alike():
    words = [3, 1]
    starts = {
        tuple(np.random.SeedSequence([*words, stream]).generate_state(4)) for stream in listed()
    }
    assert len(starts) == len(listed())
    assert seeds.replicate_seed(3, "order", 1) == np.random.SeedSequence([3, 1, 2]).generate_state(
        1
    )
