"""Mini-batch SGD on images against its definition in float64; epochs, divergence, devices."""

import numpy as np
import pytest
import torch
from image_training import SOTA, make_images, make_spec, sgd_by_definition

from sparsestep.artifacts.arrays import Dataset
from sparsestep.errors import SparsestepError
from sparsestep.images.networks import state
from sparsestep.images.problem import Spec, chosen
from sparsestep.images.replicate import of_replicate
from sparsestep.images.training import devices
from sparsestep.images.training.devices import Device, turn_on
from sparsestep.images.training.epochs import Drawing
from sparsestep.images.training.loop import train
from sparsestep.seeds import replicate_seed


@pytest.mark.parametrize(
    "options", [{}, SOTA, {"momentum": 0.5}], ids=["basic", "sota", "momentum"]
)
def test_the_definition(options):
    # Steps so small that float32's rounding does not grow.
    images, spec = make_images(), make_spec(step_size=0.02, **options)
    trajectory = train(images, spec)
    states, losses = sgd_by_definition(images, spec, init_seed=1, order_seed=2)
    assert trajectory.iterations.tolist() == [0, 1, 4, 8, 12]
    assert trajectory.diverged_at.tolist() == [-1]
    expected = states[trajectory.iterations]
    np.testing.assert_allclose(trajectory.parameters[0], expected, rtol=1e-3, atol=2e-4)
    np.testing.assert_allclose(trajectory.batch_loss[0], losses, rtol=2e-4)
    # It has moved far beyond these tolerances, so that the comparison means something.
    assert np.abs(expected[-1] - expected[0]).max() > 0.05


def test_a_replicate_has_seeds_of_its_own():
    images, spec = make_images(), make_spec(replicate=2)
    seeds = [replicate_seed(seed, name, 2) for seed, name in ((1, "init"), (2, "order"))]
    states, losses = sgd_by_definition(images, spec, *seeds)
    trajectory = train(images, spec)
    np.testing.assert_allclose(trajectory.batch_loss[0], losses, rtol=2e-4)
    np.testing.assert_allclose(trajectory.parameters[0, 0], states[0], rtol=1e-6)


def test_step_sizes_of_the_snapshots():
    trajectory = train(make_images(), make_spec(step_size=0.01))
    growth = 1.05 ** (100 * np.array([0, 1, 4]) / 12)
    late = 1.05**50 * np.array([0.1, 0.01])
    expected = 0.01 * np.concatenate([growth, late])
    # After the last update the last step size stands.
    np.testing.assert_allclose(trajectory.step_sizes[0], expected, rtol=1e-12)


def test_an_epoch_is_a_permutation_and_repeats():
    drawing = Drawing(7, images=23, batch_size=5, classes=4, crop_padding=4, label_noise=0.25)
    first, again, second = (drawing.epoch(number, "cpu") for number in (0, 0, 1))
    assert first.order.shape == (4, 5)
    assert len(set(first.order.flatten().tolist())) == 20
    assert torch.equal(first.order, again.order)
    assert all(torch.equal(a, b) for a, b in zip(first.crops, again.crops, strict=True))
    assert torch.equal(first.label, again.label)
    assert not torch.equal(first.order, second.order)
    # Neither crops nor noise move what else is drawn.
    settings = {"order_seed": 7, "images": 23, "batch_size": 5, "classes": 4}
    noisy = Drawing(**settings, crop_padding=None, label_noise=0.25).epoch(1, "cpu")
    cropped = Drawing(**settings, crop_padding=4, label_noise=0.0).epoch(1, "cpu")
    assert torch.equal(noisy.order, second.order)
    assert torch.equal(noisy.noisy, second.noisy)
    assert torch.equal(noisy.label, second.label)
    assert torch.equal(cropped.order, second.order)
    assert all(torch.equal(a, b) for a, b in zip(cropped.crops, second.crops, strict=True))


def test_label_noise_has_its_rate():
    drawing = Drawing(
        7, images=4000, batch_size=100, classes=10, crop_padding=None, label_noise=0.2
    )
    epoch = drawing.epoch(0, "cpu")
    # Five standard deviations of a binomial count.
    assert abs(epoch.noisy.sum() - 800) < 5 * (4000 * 0.16) ** 0.5
    assert torch.bincount(epoch.label.flatten(), minlength=10).min() > 300


def test_divergence_is_a_result():
    spec = make_spec(iterations=40, step_size=1e30)
    trajectory = train(make_images(), spec)
    (diverged_at,) = trajectory.diverged_at
    assert 0 < diverged_at < 40
    assert np.isfinite(trajectory.batch_loss[0, :diverged_at]).all()
    assert np.isnan(trajectory.batch_loss[0, diverged_at:]).all()
    early = trajectory.iterations < diverged_at
    assert np.isfinite(trajectory.parameters[0, 0]).all()
    assert np.isnan(trajectory.parameters[0, ~early]).all()


def test_two_bytes_a_number():
    spec = make_spec()
    full = train(make_images(), spec).parameters
    spec["snapshots"]["bfloat16"] = True
    half = train(make_images(), spec).parameters
    assert half.dtype == np.uint16
    rounded = state.as_float(half).numpy()
    np.testing.assert_allclose(rounded, full, rtol=2**-8, atol=0)
    assert not np.array_equal(rounded, full)


def test_bfloat16_trains_on_the_cpu_too():
    plain, half = (train(make_images(), make_spec(), Device(bfloat16=b)) for b in (False, True))
    np.testing.assert_allclose(half.batch_loss, plain.batch_loss, rtol=0.1)
    assert not np.array_equal(half.batch_loss, plain.batch_loss)


def test_progress_is_told_of_every_epoch():
    told = []
    images, spec = make_images(), make_spec(iterations=12, batch_size=6)
    trajectory = train(images, spec, progress=lambda *what: told.append(what))
    assert [iteration for iteration, _ in told] == [4, 8, 12]
    means = trajectory.batch_loss[0].reshape(3, 4).mean(axis=1)
    np.testing.assert_allclose([loss for _, loss in told], means, rtol=1e-6)


def test_the_images_of_a_replicate():
    spec = {"kind": "images", "dataset": "cifar10", "n_train": 7, "batch_size": 2, "order_seed": 0}
    train_rows, test_rows = chosen(Spec(**spec), 50, 20, 0)
    assert len(set(train_rows.tolist())) == 7
    assert test_rows.tolist() == list(range(20))
    # Shared by the replicates, unless data vary.
    assert np.array_equal(chosen(Spec(**spec), 50, 20, 3)[0], train_rows)
    varied = Spec(**spec, vary=["data"])
    assert np.array_equal(chosen(varied, 50, 20, 0)[0], train_rows)
    assert not np.array_equal(chosen(varied, 50, 20, 3)[0], train_rows)


def test_gpus_are_taken_in_turn(tmp_path):
    with turn_on(["a", "b"], 1, tmp_path) as first, turn_on(["a", "b"], 1, tmp_path) as second:
        assert (first, second) == (0, 1)
    with (
        turn_on(["a", "b"], 2, tmp_path) as first,
        turn_on(["a", "b"], 2, tmp_path) as second,
        turn_on(["a", "b"], 2, tmp_path) as third,
    ):
        assert (first, second, third) == (0, 1, 0)


def test_a_full_gpu_is_waited_for(tmp_path, monkeypatch):
    waited = []
    with turn_on(["a"], 1, tmp_path) as first:
        other = turn_on(["a"], 1, tmp_path)

        def give_up(seconds):
            waited.append(seconds)
            raise KeyboardInterrupt

        monkeypatch.setattr(devices.time, "sleep", give_up)
        with pytest.raises(KeyboardInterrupt):
            other.__enter__()
    assert first == 0
    assert waited == [1]
    with turn_on(["a"], 1, tmp_path) as again:
        assert again == 0


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there():
    from sparsestep.images.compute import Compute as Settings

    claimed = devices.claimed(Settings(device="cuda"))
    with pytest.raises(SparsestepError, match="torch sees no GPU here; valid: cpu, auto"):
        claimed.__enter__()
    with devices.claimed(Settings()) as device:
        assert device == Device()


def test_the_loss_between_snapshots():
    from sparsestep.images.measures import batch_loss

    trajectory = train(make_images(), make_spec(iterations=12))
    got = batch_loss.measure(None, trajectory, None, batch_loss.Spec(), 1)["batch_loss"]
    losses = trajectory.batch_loss[0].astype(float)
    expected = [losses[0], losses[1:4].mean(), losses[4:8].mean(), *[losses[8:12].mean()] * 2]
    assert trajectory.iterations.tolist() == [0, 1, 4, 8, 12]
    np.testing.assert_allclose(got, [expected], rtol=1e-12)


def test_an_exploding_network_has_diverged():
    # Batch norm keeps it finite for thousands of updates.
    trajectory = train(make_images(), make_spec(iterations=40, step_size=100.0))
    (diverged_at,) = trajectory.diverged_at
    assert 0 < diverged_at < 40
    largest = 1e3 * np.log(4)
    assert (trajectory.batch_loss[0, :diverged_at] <= largest).all()
    # Also the loss that told, although it is a number.
    assert np.isnan(trajectory.batch_loss[0, diverged_at:]).all()


def test_divergence_in_the_last_update():
    spec = make_spec(iterations=1)
    spec["schedule"] = {"kind": "constant", "step_size": 1e60}
    trajectory = train(make_images(), spec)
    assert trajectory.iterations.tolist() == [0, 1]
    assert trajectory.diverged_at.tolist() == [1]
    assert np.isfinite(trajectory.parameters[0, 0]).all()
    assert np.isnan(trajectory.parameters[0, 1]).all()


def test_order_crops_and_noise_have_generators_of_their_own(monkeypatch):
    from sparsestep.images.training import epochs

    seeds = []
    plain = torch.Generator.manual_seed

    class Generator(torch.Generator):
        def manual_seed(self, seed):
            seeds.append(seed)
            return plain(self, seed)

    monkeypatch.setattr(epochs.torch, "Generator", Generator)
    drawing = Drawing(0, images=20, batch_size=5, classes=4, crop_padding=4, label_noise=0.5)
    for number in range(50):
        drawing.epoch(number, "cpu")
    assert len(set(seeds)) == 150
    # Nor any of the replicates'.
    others = {replicate_seed(0, name, r) for name in ("data", "init", "order") for r in range(50)}
    assert not others & set(seeds)


def make_dataset():
    rng = np.random.default_rng(0)
    x = rng.integers(1, 16, (1442, 2, 4, 4), dtype=np.uint8)
    y = rng.integers(10, size=1442)
    mean, std = np.array([7.0, 8.0]), np.array([4.0, 0.0])
    return Dataset(x, y, x[:355] + 16, y[:355], mean, std, {})


def test_a_replicate_s_images():
    spec = {"kind": "images", "dataset": "digits", "n_train": 7, "n_test": 5, "batch_size": 2}
    problem = Spec(**spec, order_seed=0, vary=["data"])
    dataset = make_dataset()
    for replicate in (0, 1):
        got = of_replicate(problem, dataset, replicate)
        train_rows, test_rows = chosen(problem, 1442, 355, replicate)
        assert np.array_equal(got.x_train, dataset.x_train[train_rows])
        assert np.array_equal(got.y_train, dataset.y_train[train_rows])
        assert np.array_equal(got.x_test, dataset.x_test[test_rows])
        assert np.array_equal(got.y_test, dataset.y_test[test_rows])
    assert got.classes == 10
    expected = (dataset.x_train[train_rows].astype(float) - [[[7]], [[8]]]) / [[[4]], [[1]]]
    # A channel that never changes is centred alone.
    np.testing.assert_allclose(got.standardised(got.x_train), expected, rtol=1e-6)
