"""Measurements of networks on images against their definitions, image by image in float64."""

import subprocess
import sys

import image_oracles
import numpy as np
import pytest
import torch
from pydantic import ValidationError
from small_image_networks import (
    CLASSES,
    SMALLEST,
    SPECS,
    network_of,
    oracle,
    random_images,
    standardised,
    states_of,
    trajectory_of,
)

from sparsestep import registry
from sparsestep.images.measures import (
    channel_sparsity,
    hessian,
    losses,
    sharpness,
    snapshots,
    sparsity,
)
from sparsestep.images.networks import state as image_state


@pytest.fixture(autouse=True)
def few_at_a_time(monkeypatch):
    """Batches that do not divide the numbers of images."""
    monkeypatch.setattr(snapshots, "PIXELS", 4 * 36)
    monkeypatch.setattr(hessian, "PIXELS", 5 * 36)


@pytest.fixture(scope="module")
def images():
    return random_images()


@pytest.fixture(params=["float32", "bfloat16"])
def stored(request):
    return image_state.as_bfloat16 if request.param == "bfloat16" else np.array


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
@torch.no_grad()
def test_losses(images, spec, stored):
    states = [stored(state) for state in states_of(spec)]
    options = losses.Spec()
    got = losses.measure(images, trajectory_of(states), network_of(spec), options, 1)
    assert list(got) == losses.columns(options)
    for column, state in enumerate(states):
        network = oracle(spec, state)
        for name in ("train", "test"):
            x, y = getattr(images, f"x_{name}"), getattr(images, f"y_{name}")
            logits = torch.cat([network(standardised(images, x_i[None]))[0] for x_i in x])
            loss = image_oracles.cross_entropy(logits, y).mean().item()
            wrong = [max(range(CLASSES), key=row.__getitem__) for row in logits.tolist()]
            error = np.mean([k != k_i for k, k_i in zip(wrong, y.tolist(), strict=True)])
            assert got[f"{name}_loss"][0, column] == pytest.approx(loss, rel=1e-5)
            assert got[f"{name}_error"][0, column] == error
            assert got[f"{name}_loss"].shape == (1, 2)
            assert got[f"{name}_loss"].dtype == np.float64
    assert 0 < got["train_error"].mean() < 1


@torch.no_grad()
def features_of(images, spec, state, count):
    """All at once, each (count, u), NumPy."""
    _, features = oracle(spec, state)(standardised(images, images.x_train[:count]))
    return {name: values.flatten(1).numpy() for name, values in features.items()}


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
@pytest.mark.parametrize(("units", "count"), [(20, 13), (10**6, 1000)])
def test_sparsity(images, spec, stored, units, count):
    states = [stored(state) for state in states_of(spec)]
    blocks = [*spec.block_names[1:], "block1"] if units == 20 else ["last"]
    thresholds = [0.6, 0.3, 0.95]
    options = sparsity.Spec(
        blocks=blocks,
        correlation_threshold=thresholds[0],
        further_thresholds=thresholds[1:],
        units=units,
        images=count,
        seed=7,
    )
    network = network_of(spec)
    got = sparsity.measure(images, trajectory_of(states), network, options, 1)
    assert list(got) == sparsity.columns(options)
    for column, state in enumerate(states):
        for block, features in features_of(images, spec, state, count).items():
            if block not in blocks:
                continue
            there = features.shape[1]
            drawn = torch.randperm(there, generator=torch.Generator().manual_seed(7))
            shown = features[:, sorted(drawn[:units].tolist())]
            raw = (shown != 0).mean()
            assert 0 < raw < 1
            assert got[f"raw_sparsity_{block}"][0, column] == pytest.approx(raw, rel=1e-14)
            suffixes = ["", "@0.3", "@0.95"]
            for threshold, suffix in zip(thresholds, suffixes, strict=True):
                expected = image_oracles.feature_sparsity(shown, threshold)
                value = got[f"feature_sparsity_{block}{suffix}"]
                assert value[0, column] == pytest.approx(expected, rel=1e-14)
    assert (got["feature_sparsity_last@0.3"] < got["feature_sparsity_last@0.95"]).all()


def test_several_thresholds_and_blocks_equal_one_by_one(images):
    spec = SPECS["densenet"]
    trajectory, network = trajectory_of(states_of(spec)), network_of(spec)
    both = sparsity.Spec(
        blocks=["block1", "last"], correlation_threshold=0.5, further_thresholds=[0.7], units=30
    )
    got = sparsity.measure(images, trajectory, network, both, 1)
    for block in both.blocks:
        for threshold, suffix in ((0.5, ""), (0.7, "@0.7")):
            one = sparsity.Spec(blocks=[block], correlation_threshold=threshold, units=30)
            alone = sparsity.measure(images, trajectory, network, one, 1)
            for name, expected in (
                (f"feature_sparsity_{block}{suffix}", alone[f"feature_sparsity_{block}"]),
                (f"raw_sparsity_{block}", alone[f"raw_sparsity_{block}"]),
            ):
                assert got[name].tobytes() == expected.tobytes()


def test_one_choice_of_units_for_all_snapshots_and_runs(images, monkeypatch):
    spec = SPECS["densenet"]
    chosen = []
    choose = channel_sparsity.choose_units

    def recorded(*args):
        chosen.append(choose(*args))
        return chosen[-1]

    monkeypatch.setattr(channel_sparsity, "choose_units", recorded)
    options = sparsity.Spec(blocks=["block1", "block3", "last"], units=15)
    one, two = states_of(spec)

    def measured(states, **changes):
        trajectory = trajectory_of(states)
        changed = options.model_copy(update=changes)
        # What the network is before does not matter.
        network = network_of(spec, seed=len(chosen))
        return sparsity.measure(images, trajectory, network, changed, 1)

    several, alone = measured([one, two, one]), measured([two])
    assert len(chosen) == 6
    for first, second in zip(chosen[:3], chosen[3:], strict=True):
        assert (first.shape, first.tolist()) == ((15,), second.tolist())
    for name, values in several.items():
        assert values[0, 0] == values[0, 2]
        assert values[0, 1] == alone[name][0, 0]
    # Two names of one block, one choice; another seed, another.
    assert (several["raw_sparsity_block3"] == several["raw_sparsity_last"]).all()
    measured([one], seed=1)
    assert chosen[-1].tolist() != chosen[0].tolist()
    assert chosen[-1].tolist() != chosen[2].tolist()


@pytest.mark.parametrize("module", [losses, sparsity, sharpness])
def test_divergence_and_overflow(images, module):
    """NaN from the iteration of divergence on, and, without a warning, where numbers overflow."""
    spec = SMALLEST["densenet"]
    one, two = states_of(spec)
    options, network = module.Spec(), network_of(spec)
    whole = module.measure(images, trajectory_of([one, two]), network, options, 1)
    nowhere = np.full_like(one, np.nan)
    states = [one, two, nowhere, nowhere]
    got = module.measure(images, trajectory_of(states, diverged_at=11), network, options, 1)
    huge = module.measure(images, trajectory_of([1e30 * one, two]), network, options, 1)
    assert list(got) == module.columns(options)
    for name, values in got.items():
        assert values.shape == (1, 4)
        assert values[0, :2].tolist() == whole[name][0].tolist()
        assert np.isnan(values[0, 2:]).all()
        assert np.isfinite(whole[name]).all()
        assert np.isnan(huge[name][0, 0])
        assert huge[name][0, 1] == whole[name][0, 1]


@pytest.mark.parametrize(("diverged_at", "measured"), [(-1, 3), (11, 2), (10, 1)])
def test_no_snapshot_is_measured_from_the_divergence_on(diverged_at, measured):
    spec = SMALLEST["densenet"]
    trajectory = trajectory_of([*states_of(spec), states_of(spec)[0]], diverged_at)
    found = snapshots.measure_each(trajectory, network_of(spec), ["one"], lambda _: {"one": 1.0})
    np.testing.assert_array_equal(found["one"][0], [1.0] * measured + [np.nan] * (3 - measured))


def test_what_a_config_is_told():
    assert registry.load("measure", "losses", "densenet") is losses
    assert registry.load("measure", "channel_sparsity", "resnet") is sparsity
    assert registry.load("measure", "sharpness", "resnet") is sharpness
    options = sparsity.Spec(blocks=["block4", "last", "block7"], further_thresholds=[0.9])
    assert sparsity.columns(options)[:3] == [
        "feature_sparsity_block4",
        "feature_sparsity_block4@0.9",
        "raw_sparsity_block4",
    ]
    assert sparsity.mistakes(options, None, SPECS["resnet"]) == {
        (
            "measure",
            "channel_sparsity",
            "blocks",
            2,
        ): "got 'block7'; must be one of block1, block2, block3, block4, last"
    }
    assert [key[-1] for key in sparsity.mistakes(options, None, SPECS["densenet"])] == [0, 2]
    for wrong in (["last", "last"], []):
        with pytest.raises(ValidationError):
            sparsity.Spec(blocks=wrong)


def test_a_block_that_is_not_there(images):
    spec = SPECS["densenet"]
    options = sparsity.Spec(blocks=["block4"])
    with pytest.raises(
        ValueError, match="must be among block1, block2, block3, last, got 'block4'"
    ):
        sparsity.measure(images, trajectory_of(states_of(spec)), network_of(spec), options, 1)


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
@torch.no_grad()
def test_names_of_blocks(images, spec):
    features = network_of(spec).eval().features(images.standardised(images.x_train[:1]))
    assert tuple(features) == spec.block_names


def test_reading_a_config_does_not_import_torch():
    code = (
        "import sys\n"
        "from sparsestep.images.measures import losses, sharpness, sparsity\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
