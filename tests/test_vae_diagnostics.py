"""Diagnostics against a linear model whose log p(x) and posterior are known."""

import copy
import io
import math
from io import BytesIO

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from torch.distributions import Bernoulli, Independent, MultivariateNormal, Normal, kl_divergence
from torch.nn import functional as F

from genart_edu.data.images import Images, digits
from genart_edu.nets import leaky_relu, sigmoid
from genart_edu.vae.diagnostics import (
    active_units,
    bits,
    effective_beta,
    gradient_norms,
    importance_weighted_nll,
    kl_split,
    mean_costs,
    mean_kl,
    png_bits,
)
from genart_edu.vae.likelihood import LearnedVariance
from genart_edu.vae.model import conv_vae, mlp_vae
from genart_edu.vae.objective import elbo_costs

VARIANCE = 0.3
W = torch.tensor([[1.0, 0.5], [-1.0, 0.5], [0.0, 1.0]]).double()  # orthogonal columns


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pictures(n: int = 20) -> Tensor:
    return (torch.rand(n, 8, generator=seeded(3)) < 0.5).float()


def linear_model(off=0.0):
    """x = W z + noise.  Its encoder gives the true posterior, shifted and widened by `off`."""
    model = mlp_vae(3, 2, depth=0, likelihood=LearnedVariance(), rng=seeded()).double()
    covariance = torch.linalg.inv(
        torch.eye(2, dtype=torch.float64) + W.T @ W / VARIANCE
    )  # diagonal
    floorless = torch.tensor(VARIANCE, dtype=torch.float64).log() + 6
    with torch.no_grad():
        model.decoder[0].weight.copy_(torch.cat([W, torch.zeros(3, 2)]))
        model.decoder[0].bias[3:] = -6 + floorless.expm1().log()
        model.encoder[0].weight.copy_(torch.cat([covariance @ W.T / VARIANCE, torch.zeros(2, 3)]))
        model.encoder[0].bias[:2] = off
        model.encoder[0].bias[2:] = covariance.diagonal().log() + off
    return model


def exact_nll(x: Tensor) -> Tensor:
    covariance = W @ W.T + VARIANCE * torch.eye(3, dtype=torch.float64)
    return -MultivariateNormal(torch.zeros(3).double(), covariance).log_prob(x)


def points(n: int = 10) -> Tensor:
    return torch.randn(n, 3, generator=seeded(4), dtype=torch.float64)


@pytest.mark.parametrize("samples", [1, 7])
def test_with_the_true_posterior_every_weight_is_the_exact_likelihood(samples):
    nll = importance_weighted_nll(linear_model(), points(), seeded(), samples)
    torch.testing.assert_close(nll, exact_nll(points()), rtol=0, atol=1e-9)


def test_it_comes_to_the_exact_likelihood_with_many_samples():
    nll = importance_weighted_nll(linear_model(off=0.3), points(), seeded(), 3_000)
    torch.testing.assert_close(nll, exact_nll(points()), rtol=0, atol=0.05)


def test_one_sample_is_a_draw_of_minus_elbo():
    model, x, draws = linear_model(off=0.5), points(), 10_000
    single = importance_weighted_nll(model, x.expand(draws, *x.shape), seeded(), 1)
    with torch.no_grad():
        costs = elbo_costs(model, x.expand(draws, *x.shape), seeded(1))
    bound = costs.reconstruction + costs.kl.sum(-1)
    error = (single.var(0) + bound.var(0)).div(draws).sqrt()
    assert ((single.mean(0) - bound.mean(0)).abs() < 4 * error).all()


def test_more_samples_tighten_the_bound_from_above():
    """Burda 2016, theorem 1, on the mean over x."""
    model, x = linear_model(off=0.5), points(4_000)
    bounds = [importance_weighted_nll(model, x, seeded(k), k).mean() for k in (1, 5, 50)]
    assert bounds[0] > bounds[1] + 0.1 > bounds[2] + 0.15
    assert bounds[2] > exact_nll(x).mean()


def test_the_weights_are_those_of_torch_distributions():
    model, x, rng = mlp_vae(8, 2, hidden_dim=16, rng=seeded()), pictures(), seeded(5)
    nll = importance_weighted_nll(model, x, seeded(5), samples=4)
    weights = []
    with torch.no_grad():
        mean, logvar = model.encode(x)
        q = Independent(Normal(mean, (logvar / 2).exp()), 1)
        prior = Independent(Normal(torch.zeros(2), torch.ones(2)), 1)
        for _ in range(4):
            z = mean + (logvar / 2).exp() * torch.randn(mean.shape, generator=rng)
            likelihood = Independent(Bernoulli(logits=model.decoder(z)), 1)
            weights.append((likelihood.log_prob(x) + prior.log_prob(z) - q.log_prob(z)).exp())
    torch.testing.assert_close(nll, -torch.stack(weights).mean(0).log(), rtol=1e-4, atol=1e-4)


def test_mean_costs_average_over_examples_and_draws():
    model, x, rng = mlp_vae(8, 2, hidden_dim=16, rng=seeded()), pictures(), seeded(5)
    costs = [elbo_costs(model, x, rng) for _ in range(3)]
    seen = mean_costs(model, x, seeded(5), draws=3)
    torch.testing.assert_close(seen.reconstruction, sum(c.reconstruction.mean() for c in costs) / 3)
    torch.testing.assert_close(seen.kl, costs[0].kl.sum(-1).mean())


def test_looking_changes_nothing():
    model, before = mlp_vae(8, 2, hidden_dim=16, rng=seeded()), torch.get_rng_state()
    weights = copy.deepcopy(model.state_dict())
    numbers = [*mean_costs(model, pictures(), seeded())]
    numbers += [importance_weighted_nll(model, pictures(), seeded(), 3)]
    assert not any(number.requires_grad for number in numbers)
    assert all(torch.equal(weights[name], w) for name, w in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert torch.equal(torch.get_rng_state(), before)


# ---- which latents are alive ---------------------------------------------------------------


def test_the_kl_of_each_latent_is_torchs():
    model, x = mlp_vae(8, 3, hidden_dim=16, rng=seeded()), pictures()
    mean, logvar = model.encode(x)
    peer = kl_divergence(Normal(mean, (logvar / 2).exp()), Normal(0.0, 1.0)).mean(0)
    torch.testing.assert_close(mean_kl(model, x), peer.detach())


def test_an_active_unit_is_one_whose_mean_moves():
    still, moving = torch.full((200,), 7.0), torch.randn(200, generator=seeded())
    mean = torch.stack([still, 0.05 * moving, 0.2 * moving, 3 + moving], dim=1)
    assert active_units(mean).tolist() == [False, False, True, True]


def test_the_kl_splits_into_information_and_the_distance_to_the_prior():
    """Their sum is the mean KL: exactly on average, so within 3 standard errors."""
    model, x, draws = mlp_vae(8, 3, hidden_dim=16, rng=seeded()), pictures(200), 50
    for p in model.encoder.parameters():
        p.data.mul_(2)  # an encoder that has something to say
    split = kl_split(model, x, seeded(1), draws)
    assert split.mutual_information.shape == split.to_prior.shape == (200 * draws,)
    total = (split.mutual_information + split.to_prior).view(draws, 200)
    error = (total.std(0) / draws**0.5).square().sum().sqrt() / 200
    assert (total.mean() - mean_kl(model, x).sum()).abs() < 3 * error
    assert 0.1 < split.mutual_information.mean() < math.log(200)


def test_information_about_few_pictures_far_apart_is_log_of_their_number():
    """Then z tells exactly which of the N it came from: log N nats, and no more."""
    model = mlp_vae(4, 1, depth=0, rng=seeded())
    with torch.no_grad():
        model.encoder[0].weight.copy_(torch.tensor([[100.0, 200, 300, 400], [0, 0, 0, 0]]))
    split = kl_split(model, torch.eye(4), seeded(), 100)
    assert split.mutual_information.mean().item() == pytest.approx(math.log(4), abs=1e-4)


def test_posteriors_that_are_all_the_prior_carry_nothing():
    model = mlp_vae(8, 2, hidden_dim=16, rng=seeded())
    torch.nn.init.zeros_(model.encoder[-1].weight)
    split = kl_split(model, pictures(), seeded(), 5)
    assert split.mutual_information.abs().max() < 1e-5 and split.to_prior.abs().max() < 1e-5


# ---- what it is good for, and where it hurts -----------------------------------------------


def test_a_nat_is_log2_e_bits():
    assert bits(torch.tensor(math.log(8))).item() == pytest.approx(3)


def test_png_bits_count_every_colour():
    noise = torch.randint(256, (20, 3, 28, 28), generator=seeded(), dtype=torch.uint8)
    assert png_bits(Images(noise)) >= 3 * 8 * 28 * 28  # noise can't be made shorter


@pytest.mark.parametrize(("grey", "mode"), [(False, "1"), (True, "L")])
def test_png_bits_are_those_of_a_sheet_that_holds_every_picture(grey, mode, monkeypatch):
    images = digits(grey=grey)
    saved = []
    monkeypatch.setattr(io, "BytesIO", lambda: saved.append(BytesIO()) or saved[-1])
    found = png_bits(images)
    (file,) = saved
    assert found == 8 * len(file.getvalue()) / len(images)
    with Image.open(file) as sheet:
        assert sheet.mode == mode
        pixels = np.asarray(sheet.convert("L")).reshape(len(images), 64)
    assert np.array_equal(pixels, (images.x() * 255).byte().numpy())


def test_gradient_norms_are_those_of_backward():
    model, x = mlp_vae(8, 3, hidden_dim=16, depth=2, rng=seeded()), pictures()
    norms = gradient_norms(model, x, seeded(5))
    assert list(norms) == [f"{half} {i}" for half in ("encoder", "decoder") for i in (1, 2, 3)]
    assert all(parameter.grad is None for parameter in model.parameters())
    costs = elbo_costs(model, x, seeded(5))
    (costs.reconstruction + costs.kl.sum(-1)).mean().backward()
    layers = [m for m in model.modules() if isinstance(m, torch.nn.Linear)]
    peers = [layer.weight.grad.norm().item() for layer in layers]
    assert list(norms.values()) == pytest.approx(peers)


def test_a_convolution_has_a_gradient_norm_too():
    model = conv_vae((1, 8, 8), 2, hidden_dim=4, classes=3, rng=seeded())
    norms = gradient_norms(model, torch.rand(5, 64), seeded(), torch.arange(5) % 3)
    assert list(norms) == [f"{half} {i}" for half in ("encoder", "decoder") for i in (1, 2, 3)]
    assert all(norm > 0 for norm in norms.values())


def test_through_many_sigmoids_less_gradient_comes_back():
    """At the first of 6 hidden layers of each side: seen 0.002 against 0.2 to 0.4."""
    for seed in range(4):
        first = {}
        for activation in sigmoid, leaky_relu:
            settings = {"hidden_dim": 64, "depth": 6, "activation": activation}
            model = mlp_vae(64, 8, **settings, rng=seeded(seed))
            first[activation] = gradient_norms(model, digits().x(slice(100)), seeded())["encoder 1"]
        assert first[sigmoid] < 0.05 * first[leaky_relu]


def bernoulli_nll(logits, x):
    return -torch.distributions.Bernoulli(logits=logits).log_prob(x).sum(1)


def unit_nll(mean, x):
    return -Normal(mean, torch.ones(())).log_prob(x).sum(1)


@pytest.mark.parametrize(
    ("reconstruction", "nll", "beta"),
    [
        (lambda o, x: F.binary_cross_entropy_with_logits(o, x), bernoulli_nll, 64),
        (lambda o, x: F.binary_cross_entropy_with_logits(o, x, reduction="sum") / 20,
         bernoulli_nll, 1),
        (F.mse_loss, unit_nll, 32),
        (lambda o, x: F.mse_loss(o, x, reduction="sum") / 20, unit_nll, 0.5),
        (lambda o, x: 0.5 * (o - x).square().sum(1).mean(), unit_nll, 1),
        (F.mse_loss, lambda o, x: -Normal(o, 0.1**0.5).log_prob(x).sum(1), 320),
    ],
)  # fmt: skip
def test_the_beta_that_a_loss_implies(reconstruction, nll, beta):
    output, x = torch.randn(20, 64, generator=seeded()), (pictures(160).view(20, 64) > 0.5).float()
    assert effective_beta(reconstruction, nll, output, x) == pytest.approx(beta, rel=1e-4)


def test_a_loss_that_is_no_multiple_implies_no_beta():
    output, x = torch.randn(20, 64, generator=seeded()), pictures(160).view(20, 64)
    with pytest.raises(ValueError, match=r"^This reconstruction is no multiple of that -log p"):
        effective_beta(F.l1_loss, unit_nll, output, x)
