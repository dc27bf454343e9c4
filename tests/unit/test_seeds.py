"""Random streams: the list in `seeds.py` is whole, and says which of them have the same words."""

import re
from types import SimpleNamespace
from typing import get_args

import numpy as np
import pytest

from sparsestep import seeds
from sparsestep.algorithms import label_noise
from sparsestep.images.training import epochs
from sparsestep.measures import mlp_jacobian
from sparsestep.training import batches, starts


def listed():
    """Number and name of each stream, as the module says."""
    return {
        int(n): name for n, name in re.findall(r"^ {4}(\d)  (\S+)", seeds.__doc__, re.MULTILINE)
    }


def test_the_list_of_streams_is_whole():
    by_replicate = dict(enumerate(get_args(seeds.Stream)))
    modules = {label_noise: "noise", epochs: "epochs", starts: "perturbed", mlp_jacobian: "points"}
    others = {module._STREAM: name for module, name in modules.items()}
    others |= {batches._SAMPLES: "samples", batches._EPOCHS: "epochs", batches._NOISE: "noise"}
    assert listed() == {**by_replicate, **others}
    assert len(by_replicate.keys() | others.keys()) == len(by_replicate) + len(others)


@pytest.fixture
def words(monkeypatch):
    """What `SeedSequence` is given for seed 7: by stream and replicate or epoch, filled up."""
    given, sequence = [], np.random.SeedSequence

    def recorded(words):
        given.append((*words, 0, 0, 0, 0)[:4])
        return sequence(words)

    monkeypatch.setattr(np.random, "SeedSequence", recorded)
    found = {}
    for number in range(1, 6):
        for stream in get_args(seeds.Stream):
            seeds.replicate_seed(7, stream, number)
            found[stream, number] = given.pop()
        epochs.Drawing(7, 8, 4, 2, None, 0.0).epoch(number, "cpu")
        found["epochs", number] = given.pop()
    problem = {"kind": "any", "data_seed": 7, "init_seed": 7, "order_seed": 7, "vary": ["order"]}
    label_noise.noise_seed(SimpleNamespace(spec={"problem": problem, "replicates": [0, 0]}), 0)
    found["noise", 0] = given.pop()
    theta = np.ones(1)
    shared = SimpleNamespace(
        spec={"problem": problem, "replicates": [1, 5]}, of_replicate=lambda *_: theta
    )
    for number in range(1, 6):
        starts.start(shared, number - 1, 1e-14)
        found["perturbed", number] = given.pop()
    assert given == []
    return found


def test_one_pair_of_streams_has_the_same_words(words):
    by_words = {}
    for name, of in words.items():
        by_words.setdefault(of, []).append(name)
    assert [names for names in by_words.values() if len(names) > 1] == [[("data", 3), ("noise", 0)]]


def test_that_pair_draws_other_numbers(words):
    noise = np.random.Generator(np.random.SFC64(np.random.SeedSequence(words["noise", 0])))
    data = np.random.RandomState(seeds.replicate_seed(7, "data", 3))
    assert not np.isclose(noise.standard_normal(4), data.standard_normal(4)).any()


def test_seeds_of_replicates_differ():
    every = [
        seeds.replicate_seed(3, stream, replicate)
        for stream in get_args(seeds.Stream)
        for replicate in range(1, 50)
    ]
    assert len(set(every)) == len(every)
    assert seeds.replicate_seed(3, "order", 1) == np.random.SeedSequence([3, 1, 2]).generate_state(
        1
    )
