"""Stacks of layers against plain matrix products, and their weights against Glorot's bounds."""

from functools import partial

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from genart_edu.nets import Bfloat16, SeedLinear, in_bfloat16, leaky_relu, linear, mlp, relu


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(("activation", "slope"), [(leaky_relu, 0.2), (relu, 0.0)])
def test_mlp_is_matrix_products_with_a_bend_between_them(activation, slope):
    net = mlp((3, 5, 4, 2), seeded(), activation).double()
    x = torch.randn(7, 3, generator=seeded(1), dtype=torch.float64)
    layers = [layer for layer in net if isinstance(layer, nn.Linear)]
    h = x
    for layer in layers[:-1]:
        h = h @ layer.weight.T + layer.bias
        h = torch.where(h > 0, h, slope * h)
    expected = h @ layers[-1].weight.T + layers[-1].bias  # no bend at the end: these are logits
    torch.testing.assert_close(net(x), expected, rtol=0, atol=1e-12)


def test_two_widths_are_one_linear_map():
    net = mlp((3, 2), seeded()).double()
    a, b = torch.randn(2, 4, 3, generator=seeded(1), dtype=torch.float64)
    torch.testing.assert_close(net(a + b) + net(torch.zeros(3).double()), net(a) + net(b))


def test_leading_dimensions_are_free():
    net, x = mlp((3, 8, 2), seeded()), torch.randn(4, 5, 3, generator=seeded(1))
    assert net(x).shape == (4, 5, 2)
    torch.testing.assert_close(net(x)[2], net(x[2]))


def test_weights_are_uniform_within_glorots_bounds_and_biases_zero():
    layer, bound = linear(64, 2_000, seeded()), (6 / 2_064) ** 0.5
    values = layer.weight.detach().flatten().double()
    assert 0.99 * bound < values.abs().max() <= bound
    scale = bound / 3**0.5  # the standard deviation of a uniform law
    assert abs(values.mean()) < 5 * scale / len(values) ** 0.5
    assert values.std().item() == pytest.approx(scale, rel=5 / len(values) ** 0.5)
    assert not layer.bias.any()
    assert layer.weight.requires_grad and layer.bias.requires_grad


def test_a_layer_as_wide_as_its_input_keeps_the_variance_of_signals_and_gradients():
    x = torch.randn(500, 400, generator=seeded(1), requires_grad=True)
    y = linear(400, 400, seeded())(x)
    assert y.var().item() == pytest.approx(1, rel=0.05)
    (gradient,) = torch.autograd.grad(y, x, torch.randn(y.shape, generator=seeded(2)))
    assert gradient.var().item() == pytest.approx(1, rel=0.05)


def test_weights_follow_their_rng_and_leave_torchs_alone():
    before = torch.get_rng_state()
    first, again, other = (mlp((3, 4, 2), seeded(seed)) for seed in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), before)
    for i in (0, 2):
        assert torch.equal(first[i].weight, again[i].weight)
        assert not torch.equal(first[i].weight, other[i].weight)


def test_every_layer_draws_weights_of_its_own():
    net = mlp((4, 4, 4), seeded())
    assert not torch.equal(net[0].weight, net[2].weight)


@pytest.mark.parametrize("widths", [(), (3,), (3, 0, 2), (3, -1)])
def test_widths_that_make_no_net_are_refused_in_a_sentence(widths):
    with pytest.raises(ValueError, match=r"^widths must be two or more positive numbers; got"):
        mlp(widths, seeded())


# ---- many networks as one ----------------------------------------------------------------


def members(layer: SeedLinear) -> list[nn.Linear]:
    """The S maps of it, as torch has them."""
    copies = [nn.Linear(*weight.shape) for weight in layer.weight]
    with torch.no_grad():
        for copy, weight, bias in zip(copies, layer.weight, layer.bias, strict=True):
            copy.weight.copy_(weight.T)
            copy.bias.copy_(bias[0])
    return copies


def uneven(seeds: int, fan_in: int, fan_out: int) -> SeedLinear:
    """With biases that are not zero, so that a lost one is seen."""
    layer = SeedLinear(seeds, fan_in, fan_out, seeded())
    with torch.no_grad():
        layer.bias.copy_(torch.randn(layer.bias.shape, generator=seeded(3)))
    return layer


def test_each_of_many_linear_maps_is_torchs():
    layer, x = uneven(4, 3, 5), torch.randn(4, 7, 3, generator=seeded(1))
    expected = torch.stack([one(part) for one, part in zip(members(layer), x, strict=True)])
    torch.testing.assert_close(layer(x), expected)


def test_a_batch_without_seeds_is_handed_to_all_of_them():
    layer, x = uneven(4, 3, 5), torch.randn(7, 3, generator=seeded(1))
    assert layer(x).shape == (4, 7, 5)
    torch.testing.assert_close(layer(x), torch.stack([one(x) for one in members(layer)]))


def test_a_batch_of_as_many_as_there_are_seeds_is_a_batch_all_the_same():
    layer, x = uneven(4, 3, 5), torch.randn(4, 3, generator=seeded(1))
    assert layer(x).shape == (4, 4, 5)


@pytest.mark.parametrize("wrong", [(2, 7, 3), (8, 7, 3), (4, 7, 6)])
def test_batches_of_other_seeds_or_widths_are_refused(wrong):
    with pytest.raises(RuntimeError):
        uneven(4, 3, 5)(torch.randn(*wrong, generator=seeded(1)))


def test_gradients_stay_in_their_own_network():
    net = mlp((3, 8, 2), seeded(), layer=partial(SeedLinear, 4))
    x = torch.randn(4, 7, 3, generator=seeded(1), requires_grad=True)
    net(x)[2].square().sum().backward()
    for tensor in (x, *net.parameters()):
        reached = [tensor.grad[seed].abs().sum().item() > 0 for seed in range(4)]
        assert reached == [False, False, True, False]


def test_many_linear_maps_start_within_glorots_bounds_and_each_with_its_own():
    layer, bound = SeedLinear(5, 64, 2_000, seeded()), (6 / 2_064) ** 0.5
    scale, n = bound / 3**0.5, 64 * 2_000
    for values in layer.weight.detach().flatten(1).double():
        assert 0.99 * bound < values.abs().max() <= bound
        assert abs(values.mean()) < 5 * scale / n**0.5
        assert values.std().item() == pytest.approx(scale, rel=5 / n**0.5)
    assert not layer.bias.any()
    assert not torch.equal(layer.weight[0], layer.weight[1])
    assert layer.weight.requires_grad and layer.bias.requires_grad


def test_many_linear_maps_follow_their_rng_and_leave_torchs_alone():
    before = torch.get_rng_state()
    first, again, other = (SeedLinear(3, 4, 2, seeded(seed)).weight for seed in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), before)


# ---- bfloat16 --------------------------------------------------------------------------


def test_products_are_of_numbers_rounded_to_bfloat16_and_all_around_them_is_float32():
    net, x = mlp([5, 7, 3], seeded(), relu), torch.randn(4, 5, generator=seeded(1))
    half = in_bfloat16(net)

    def rounded(number):
        return number.to(torch.bfloat16).float()

    first, _, last = net
    hidden = rounded(F.linear(rounded(x), rounded(first.weight), rounded(first.bias))).relu()
    expected = F.linear(hidden, rounded(last.weight), rounded(last.bias))
    assert half(x).dtype == torch.float32
    torch.testing.assert_close(half(x), expected, rtol=2**-7, atol=1e-3)
    assert torch.equal(half(x), rounded(half(x)))  # what comes out had 8 bits
    half(x).sum().backward()
    assert {weight.grad.dtype for weight in half.parameters()} == {torch.float32}


def test_in_bfloat16_weights_and_their_names_stay_wherever_a_stack_lies():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder, self.deep = mlp([2, 3], seeded()), nn.ModuleList([mlp([3, 2], seeded())])

    plain = Two()
    weights = dict(plain.named_parameters())
    half = in_bfloat16(plain)
    assert isinstance(half.encoder, Bfloat16) and isinstance(half.deep[0], Bfloat16)
    now = dict(half.named_parameters())
    assert now.keys() == weights.keys() and all(now[name] is weights[name] for name in now)
