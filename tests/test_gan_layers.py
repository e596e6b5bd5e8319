"""A GAN's own layers, each against numpy, torch or a singular value decomposition."""

from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm
from torch.nn.utils.parametrize import register_parametrization

from genart_edu.gan.layers import MinibatchStd, Pack, SpectralNorm
from genart_edu.gan.model import conv_discriminator, mlp_discriminator
from genart_edu.nets import SeedLinear, linear


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def noise(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(*shape, generator=seeded(seed))


# ---- packs and batches -------------------------------------------------------------------


def test_a_pack_is_examples_side_by_side():
    x = torch.arange(12.0).view(6, 2)
    assert Pack(3)(x).tolist() == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]
    assert torch.equal(Pack(3)(x.expand(4, 6, 2))[3], Pack(3)(x))


def test_a_batch_that_makes_no_packs_is_refused():
    with pytest.raises(RuntimeError):
        mlp_discriminator(2, packing=3, rng=seeded())(noise(7, 2))


def test_a_packed_discriminator_is_a_plain_one_of_wider_examples():
    packed = mlp_discriminator(2, packing=3, rng=seeded())
    wide, x = mlp_discriminator(6, rng=seeded()), noise(12, 2)
    assert torch.equal(packed(x), wide(x.view(4, 6)))


def test_a_conv_discriminator_packs_pictures_as_channels():
    packed = conv_discriminator((2, 4, 4), hidden_dim=4, packing=3, rng=seeded())
    wide = conv_discriminator((6, 4, 4), hidden_dim=4, rng=seeded())
    x = noise(12, 32)
    assert torch.equal(packed(x), wide(torch.stack([x[i : i + 3].flatten() for i in (0, 3, 6, 9)])))


def test_the_minibatchs_std_is_numpys():
    x = 3 * noise(4, 5, 7)
    y = MinibatchStd()(x)
    assert torch.equal(y[..., :7], x)
    expected = np.std(x.double().numpy(), axis=1).mean(-1)  # (4,)
    np.testing.assert_allclose(y[..., 7].numpy(), np.repeat(expected[:, None], 5, 1), rtol=1e-5)


def test_a_batch_of_copies_has_a_std_of_nearly_nothing_and_a_finite_gradient():
    x = torch.ones(6, 3, requires_grad=True)
    std = MinibatchStd()(x)[:, 3]
    assert std.max() < 1e-3
    std.sum().backward()
    assert x.grad.isfinite().all()


@pytest.mark.parametrize("norm", [False, True])
def test_the_last_layer_alone_sees_the_std(norm):
    judge = mlp_discriminator(2, minibatch_std=True, spectral_norm=norm, rng=seeded())
    kinds = [type(part).__name__.removeprefix("Parametrized") for part in judge][-3:]
    assert kinds == ["MinibatchStd", "Linear", "Flatten"]
    assert judge[-2].weight.shape == (1, 129)
    with torch.no_grad():
        spread, alike = noise(8, 2), noise(1, 2).expand(8, 2)
        one = judge(torch.cat([alike[:1], spread[1:]]))[0]
        assert (one - judge(alike)[0]).abs() > 1e-3


# ---- spectral norm -----------------------------------------------------------------------


def largest(layer):
    """Singular value of each map, () or (S,)."""
    weight = layer.weight.detach()
    return torch.linalg.svdvals(weight.flatten(1) if weight.ndim == 4 else weight)[..., 0]


@pytest.mark.parametrize("kind", ["linear", "seeds", "conv"])
def test_the_largest_singular_value_becomes_one(kind):
    makes = {
        "linear": lambda: linear(30, 20, seeded()),
        "seeds": lambda: SeedLinear(3, 30, 20, seeded()),
        "conv": lambda: nn.Conv2d(5, 8, 4),
    }
    layer = makes[kind]()
    with torch.no_grad():
        layer.weight.copy_(7 * noise(*layer.weight.shape))
    register_parametrization(layer, "weight", SpectralNorm(layer.weight, seeded()))
    for _ in range(300):
        _ = layer.weight
    torch.testing.assert_close(largest(layer), torch.ones_like(largest(layer)), rtol=0, atol=1e-3)


@pytest.mark.parametrize("layer", [linear, partial(SeedLinear, 3)], ids=["linear", "seeds"])
def test_it_is_near_one_from_the_start_and_in_every_layer(layer):
    judge = mlp_discriminator(2, spectral_norm=True, layer=layer, rng=seeded())
    layers = [part for part in judge if hasattr(part, "weight")]
    assert len(layers) == 3
    for part in layers:
        assert (largest(part) - 1).abs().max() < 0.05


def test_a_conv_discriminator_is_normed_in_every_layer():
    judge = conv_discriminator((1, 8, 8), hidden_dim=4, spectral_norm=True, rng=seeded())
    layers = [part for part in judge.modules() if isinstance(part, nn.Conv2d | nn.Linear)]
    assert len(layers) == 3
    for _ in range(300):
        judge(noise(2, 64))
    assert all(abs(largest(part) - 1) < 1e-3 for part in layers)


@pytest.mark.parametrize("make", [lambda: nn.Linear(30, 20), lambda: nn.Conv2d(5, 8, 4)])
def test_it_is_torchs_once_both_have_converged(make):
    ours, theirs = make().double(), make().double()
    with torch.no_grad():
        ours.weight.copy_(noise(*ours.weight.shape))
    theirs.load_state_dict(ours.state_dict())
    register_parametrization(
        ours, "weight", SpectralNorm(ours.weight.detach().float(), seeded()).double()
    )
    spectral_norm(theirs)
    for _ in range(2_000):
        _ = ours.weight, theirs.weight
    torch.testing.assert_close(ours.weight, theirs.weight, rtol=0, atol=1e-6)
    for layer in ours, theirs:
        layer.weight.square().sum().mul(0.5).add(layer.weight.sum()).backward()
    grads = [layer.parametrizations.weight.original.grad for layer in (ours, theirs)]
    torch.testing.assert_close(*grads, rtol=0, atol=1e-6)


def test_a_normed_discriminator_of_relus_stretches_nothing():
    """Each layer's slope is at most 1, so that of D is: it is a critic of 1-Lipschitz."""
    judge = mlp_discriminator(2, hidden_dim=32, spectral_norm=True, rng=seeded())
    with torch.no_grad():
        for name, value in judge.named_parameters():
            value.mul_(5 if name.endswith("original") else 1)
    for _ in range(500):
        judge(noise(2, 2))
    x, y = 3 * noise(2, 500, 2)
    with torch.no_grad():
        rise = (judge(x) - judge(y)).abs() / (x - y).norm(dim=1)
    assert rise.max() <= 1 + 1e-3


def test_looking_does_not_turn_the_singular_vectors():
    judge, x = mlp_discriminator(2, spectral_norm=True, rng=seeded()), noise(4, 2)
    before = {name: value.clone() for name, value in judge.state_dict().items()}
    with torch.no_grad():
        logits = judge(x)
        assert torch.equal(judge(x), logits)
    assert all(torch.equal(judge.state_dict()[name], value) for name, value in before.items())
    judge(x)
    moved = [n for n, v in before.items() if not torch.equal(judge.state_dict()[n], v)]
    assert moved and all(name.endswith(".u") for name in moved)


def test_a_discriminator_built_without_gradients_is_as_good():
    with torch.no_grad():
        quiet = mlp_discriminator(2, spectral_norm=True, rng=seeded())
    loud = mlp_discriminator(2, spectral_norm=True, rng=seeded())
    for name, value in loud.state_dict().items():
        torch.testing.assert_close(quiet.state_dict()[name], value)
