"""Penalties, noise and unrolling against closed forms, finite differences and a loop by hand."""

import copy
import math

import pytest
import torch
from scipy.stats import kstest
from torch import Tensor, nn
from torch.autograd import gradcheck
from torch.func import functional_call

from genart_edu.gan.layers import Pack
from genart_edu.gan.model import mlp_discriminator
from genart_edu.gan.objective import (
    discriminator_loss,
    gradient_penalty,
    instance_noise,
    nonsaturating,
    r1,
    slopes,
    unrolled,
)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def points(*shape: int, seed: int = 2) -> Tensor:
    return torch.randn(*shape, generator=seeded(seed), dtype=torch.float64)


def plane(x: Tensor) -> Tensor:
    """A linear D, whose slope is (3, 4) everywhere."""
    return x @ torch.tensor([3.0, 4.0], dtype=torch.float64) + 1


def bowl(x: Tensor) -> Tensor:
    """A quadratic D, whose slope at x is x."""
    return x.square().sum(-1) / 2


# ---- penalties ---------------------------------------------------------------------------


def test_a_linear_discriminator_pays_for_its_slope_of_five():
    real, fake = points(2, 7, 2)
    penalty = gradient_penalty(plane, real, fake, seeded())
    torch.testing.assert_close(penalty, torch.full((7,), 16.0).double())  # (5 - 1)^2
    torch.testing.assert_close(r1(plane, real), torch.full((7,), 12.5).double())  # 25 / 2


def test_r1_of_a_bowl_is_half_the_squared_length_of_x():
    x = points(3, 7, 2)
    torch.testing.assert_close(r1(bowl, x), x.pow(2).sum(-1) / 2)
    torch.testing.assert_close(slopes(bowl, x), x)


def test_the_places_of_the_gradient_penalty_lie_evenly_between_a_real_and_its_fake():
    """Uniform, not normal: a bowl's slope is the place itself, and (|u| - 1)^2 is 1/3 on average.

    With normal weights it would be 2 - 2 sqrt(2 / pi) = 0.404.
    """
    n = 20_000
    real, fake = torch.ones(n, 1).double(), torch.zeros(n, 1).double()
    places = []

    def watched(x: Tensor) -> Tensor:
        places.append(x.detach())
        return bowl(x)

    penalty = gradient_penalty(watched, real, fake, seeded())
    error = (4 / 45 / n) ** 0.5  # (1 - u)^2 has the variance 1/5 - 1/9
    assert penalty.mean().item() == pytest.approx(1 / 3, abs=5 * error)
    assert kstest(places[0].flatten(), "uniform").pvalue > 1e-3


def test_every_example_has_a_share_of_its_own_for_all_of_its_features():
    real, fake = points(2, 50, 3)
    places = []

    def watched(x: Tensor) -> Tensor:
        places.append(x.detach())
        return bowl(x)

    gradient_penalty(watched, real, fake, seeded())
    share = (places[0] - fake) / (real - fake)
    torch.testing.assert_close(share, share[:, :1].expand(-1, 3))
    assert share.min() > 0 and share.max() < 1 and len(share[:, 0].unique()) == 50


def test_the_slope_of_a_pack_is_that_of_all_in_it():
    judge = nn.Sequential(Pack(2), nn.Linear(4, 1), nn.Flatten(-2)).double()
    with torch.no_grad():
        judge[1].weight.copy_(torch.tensor([[1.0, 2.0, 2.0, 4.0]]))  # of length 5
    real, fake = points(2, 6, 2)
    assert slopes(judge, real).shape == (3, 4)
    expected = judge[1].weight.detach().expand(3, 4)
    torch.testing.assert_close(slopes(judge, real).detach(), expected)
    torch.testing.assert_close(r1(judge, real).detach(), torch.full((3,), 12.5).double())
    penalty = gradient_penalty(judge, real, fake, seeded()).detach()
    torch.testing.assert_close(penalty, torch.full((3,), 16.0).double())


@pytest.mark.parametrize("settings", [{}, {"packing": 2}, {"spectral_norm": True}], ids=str)
@pytest.mark.parametrize("which", ["r1", "gradient_penalty"])
def test_a_penaltys_gradient_in_the_weights_is_that_of_finite_differences(float64, which, settings):
    """Through a gradient, and through bends that are made in place."""
    net = mlp_discriminator(2, hidden_dim=5, rng=seeded(), **settings)
    real, fake = points(2, 4, 2)
    for _ in range(500):
        net(real)  # a spectral norm has then found its singular vectors
    names, weights = zip(*net.named_parameters(), strict=True)

    def penalty(*weights: Tensor) -> Tensor:
        start, given = copy.deepcopy(net), dict(zip(names, weights, strict=True))

        def judge(x: Tensor) -> Tensor:
            return functional_call(start, given, x)

        if which == "r1":
            return r1(judge, real).mean()
        return gradient_penalty(judge, real, fake, seeded()).mean()

    assert gradcheck(penalty, [w.detach().clone().requires_grad_() for w in weights])


def test_the_penalties_leave_their_data_alone():
    real, fake = (points(4, 2, seed=seed).requires_grad_() for seed in (2, 3))
    before = real.detach().clone(), fake.detach().clone()
    net = mlp_discriminator(2, rng=seeded()).double()
    (r1(net, real) + gradient_penalty(net, real, fake, seeded())).sum().backward()
    assert torch.equal(real, before[0]) and torch.equal(fake, before[1])
    assert real.grad is None and fake.grad is None


def test_a_flat_discriminator_has_a_penalty_and_a_finite_gradient():
    net = nn.Sequential(nn.Linear(2, 1), nn.Flatten(-2))
    nn.init.zeros_(net[0].weight)
    penalty = gradient_penalty(net, torch.ones(3, 2), torch.zeros(3, 2), seeded())
    assert penalty.tolist() == [1, 1, 1]
    penalty.sum().backward()
    assert net[0].weight.grad.isfinite().all()


# ---- noise ---------------------------------------------------------------------------


def test_instance_noise_has_the_mean_zero_and_the_std_that_it_is_given():
    x, n = points(2, 5_000, 2), 20_000
    noise = (instance_noise(x, 0.3, seeded()) - x).flatten()
    assert abs(noise.mean()) < 5 * 0.3 / n**0.5
    assert noise.std().item() == pytest.approx(0.3, rel=5 / (2 * n) ** 0.5)
    assert kstest(noise / 0.3, "norm").pvalue > 1e-3
    assert torch.equal(instance_noise(x, 0.3, seeded()), instance_noise(x, 0.3, seeded()))


# ---- unrolling -------------------------------------------------------------------------


def losses(real: Tensor, fake: Tensor):
    return lambda judge: discriminator_loss(judge(real), judge(fake))


@pytest.mark.parametrize("steps", [0, 1, 3])
def test_unrolling_is_so_many_steps_of_gradient_descent(float64, steps):
    net = mlp_discriminator(2, hidden_dim=8, rng=seeded())
    real, fake = points(2, 6, 2)
    by_hand = copy.deepcopy(net)
    descent = torch.optim.SGD(by_hand.parameters(), lr=0.3)
    for _ in range(steps):
        descent.zero_grad()
        losses(real, fake)(by_hand).mean().backward()
        descent.step()
    x = points(9, 2, seed=3)
    ahead = unrolled(net, losses(real, fake), steps, 0.3)
    torch.testing.assert_close(ahead(x), by_hand(x), rtol=0, atol=1e-12)
    assert torch.equal(ahead(x), net(x)) == (steps == 0)


def test_unrolling_leaves_the_discriminator_as_it_is():
    net = mlp_discriminator(2, rng=seeded())
    before = copy.deepcopy(net.state_dict())
    real, noise = torch.randn(2, 6, 2, generator=seeded())
    shift = torch.zeros(2, requires_grad=True)
    fake = noise + shift
    loss = nonsaturating(unrolled(net, losses(real, fake), 3, 0.3)(fake)).sum()
    loss.backward(inputs=[shift])
    assert shift.grad.abs().min() > 0
    assert all(torch.equal(net.state_dict()[name], value) for name, value in before.items())
    assert all(parameter.grad is None for parameter in net.parameters())


@pytest.mark.parametrize("steps", [0, 1, 3])
def test_the_generators_gradient_passes_through_the_steps(float64, steps):
    """By finite differences; a descent that were not part of the graph would give another."""
    net = mlp_discriminator(2, hidden_dim=8, rng=seeded())
    real, noise = points(2, 6, 2)

    def generator_loss(shift: Tensor) -> Tensor:
        fake = noise + shift
        return nonsaturating(unrolled(net, losses(real, fake), steps, 0.5)(fake)).mean()

    shift = torch.tensor([0.3, -0.2], requires_grad=True)
    assert gradcheck(generator_loss, [shift])


def test_an_unrolled_dirac_gan_foresees_the_answer():
    """D(x) = w x, real at 0, fake at t: one step at rate h makes w - h f(w t) t, by hand."""
    net = nn.Sequential(nn.Linear(1, 1, bias=False), nn.Flatten(-2)).double()
    w, t, h = 0.7, 1.5, 0.1
    nn.init.constant_(net[0].weight, w)
    place = torch.tensor([[t]], dtype=torch.float64)
    zero = torch.zeros(1, 1, dtype=torch.float64)
    ahead = unrolled(net, losses(zero, place), 1, h)
    belief = 1 / (1 + math.exp(-w * t))
    assert ahead(place).item() == pytest.approx((w - h * belief * t) * t, abs=1e-12)
