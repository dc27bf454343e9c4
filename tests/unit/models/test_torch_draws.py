"""The float32 numbers that torch draws, against torch itself."""

import numpy as np
import pytest
import torch

from sparsestep.models import torch_draws

# Where torch draws other last bits, there is nothing to compare with but rounding.
EXACT = torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512")
COUNTS = (1, 5, 15, 16, 17, 40, 1000, 1007)


def generator(seed):
    """torch's generator."""
    return torch.Generator().manual_seed(seed)


def require_same(ours, torch_s):
    """The same bits, or the same up to rounding."""
    assert ours.dtype == torch_s.dtype == np.float32
    if EXACT:
        assert ours.tobytes() == torch_s.tobytes()
    np.testing.assert_allclose(ours, torch_s, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1])
def test_normal(count, seed):
    ours, theirs = generator(seed), generator(seed)
    require_same(torch_draws.normal(count, ours), torch.randn(count, generator=theirs).numpy())
    assert torch.equal(ours.get_state(), theirs.get_state())


@pytest.mark.parametrize("count", COUNTS)
def test_uniform(count):
    bound = count**-0.5
    ours, theirs = generator(3), generator(3)
    expected = torch.empty(count).uniform_(-bound, bound, generator=theirs).numpy()
    require_same(torch_draws.uniform(count, -bound, bound, ours), expected)
    assert torch.equal(ours.get_state(), theirs.get_state())


def test_many_normal_numbers():
    require_same(
        torch_draws.normal(200_000, generator(5)),
        torch.randn(200_000, generator=generator(5)).numpy(),
    )


@pytest.mark.parametrize("count", COUNTS)
def test_torch_itself_draws_where_its_bits_depend_on_no_processor(monkeypatch, count):
    # Fewer than sixteen it draws one by one, in double precision, everywhere.
    asked, draw = [], torch.randn
    monkeypatch.setattr(torch, "randn", lambda n, **how: asked.append(n) or draw(n, **how))
    torch_draws.normal(count, generator(0))
    assert asked == ([count] if count < 16 else [])
