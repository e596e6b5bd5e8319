"""Numbers to read a VAE by, in nats.  They take a model and data, and change neither.

`model` is a VAE, or a conditional one that was told its labels: `model.given(labels)`.
"""

import io
import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from PIL import Image
from torch import Tensor

from genart_edu.data.images import Images
from genart_edu.vae import objective
from genart_edu.vae.model import VAE, Maps
from genart_edu.vae.objective import gaussian_log_prob, reparameterize

Term = Callable[[Tensor, Tensor], Tensor]  # a decoder's output, and x -> what it costs


class MeanCosts(NamedTuple):
    """Means over the data, 0-d: where a code stands in the rate-distortion plane.

    reconstruction is the distortion, kl the rate (Alemi 2018, arXiv:1711.00464, section 2).
    """

    reconstruction: Tensor
    kl: Tensor


@torch.no_grad()
def mean_costs(model: Maps, x: Tensor, rng: torch.Generator, draws: int = 1) -> MeanCosts:
    """Both costs, the mean over x (N, D) and `draws` of z each.  Their sum is -elbo."""
    costs = [objective.elbo_costs(model, x, rng) for _ in range(draws)]
    reconstruction = torch.stack([cost.reconstruction for cost in costs])  # (draws, N)
    return MeanCosts(reconstruction.mean(), costs[0].kl.sum(-1).mean())


@torch.no_grad()
def importance_weighted_nll(
    model: Maps, x: Tensor, rng: torch.Generator, samples: int = 200
) -> Tensor:
    """An upper bound on -log p(x) that tightens as `samples` grows.  x (N, D) -> (N,)."""
    return -objective.iwae_bound(model, x, rng, samples)


# ---- which latents are alive -----------------------------------------------------------


@torch.no_grad()
def mean_kl(model: Maps, x: Tensor) -> Tensor:
    """The KL of each latent dimension, the mean over x (N, D).  -> (L,)."""
    return objective.kl_per_dim(*model.encode(x)).mean(0)


def active_units(mean: Tensor) -> Tensor:
    """Which latents say something about x: Var_x( E[z|x] ) > 0.01.  mean (N, L) -> (L,) bool.

    mean: of the posteriors of N data, `model.encode(x)[0]`.  Burda 2016, arXiv:1509.00519, 5.2.
    """
    return mean.var(0, correction=0) > 0.01


class KLSplit(NamedTuple):
    """Where the KL goes: one number for each draw, (N draws,), so that errors can be told.

    mutual_information: what z says about which of the x it came from.  to_prior: how far the
    posteriors of all x together are from the prior; it makes holes in the space one samples from.
    """

    mutual_information: Tensor
    to_prior: Tensor


@torch.no_grad()
def kl_split(model: Maps, x: Tensor, rng: torch.Generator, draws: int = 1) -> KLSplit:
    """mean KL = I(n; z) + KL( q(z) || p(z) ), with q(z) = 1/N sum_n q(z|x_n).  x (N, D).

    Hoffman & Johnson 2016, "ELBO surgery".  At z ~ q(z|x_n): log q(z|x_n) - log q(z), and
    log q(z) - log p(z); q(z) is summed over all N, so it is exact.  Costs N^2 L numbers a draw.
    """
    mean, logvar = model.encode(x)  # (N, L) each
    information, to_prior = [], []
    for _ in range(draws):
        z = reparameterize(mean, logvar, rng)
        pairs = [gaussian_log_prob(one, mean, logvar) for one in z]  # N of (N,): z_i under q_n
        aggregate = torch.stack(pairs).logsumexp(1) - math.log(len(x))  # log q(z_i)
        information.append(gaussian_log_prob(z, mean, logvar) - aggregate)
        to_prior.append(aggregate - gaussian_log_prob(z))
    return KLSplit(torch.cat(information), torch.cat(to_prior))


# ---- what it is good for, and where it hurts -------------------------------------------


def bits(nats: Tensor) -> Tensor:
    """Nats -> bits: -elbo is what a code of that many bits an image needs (bits back, Townsend
    2019, arXiv:1901.04866), if p(x|z) gives probabilities and not densities."""
    return nats / math.log(2)


def png_bits(images: Images) -> float:
    """Bits an image that PNG needs for the same: all of them on one sheet, so that its header does
    not count.  Black and white is stored with one bit a pixel."""
    pixels = images.pixels.permute(0, 2, 3, 1).flatten(0, 1).squeeze(-1)  # one below the other
    sheet = Image.fromarray((pixels.float() * (255 / images.white)).byte().cpu().numpy())
    file = io.BytesIO()
    (sheet.convert("1") if images.white == 1 else sheet).save(file, "png", optimize=True)
    return 8 * file.tell() / len(images)


def gradient_norms(
    model: VAE, x: Tensor, rng: torch.Generator, labels: Tensor | None = None
) -> dict[str, float]:
    """|d -elbo / d W| of each layer, from the input to the output: encoder 1, ..., decoder 1, ...

    Where does the gradient vanish?  It comes in at the output and has to reach the input.
    x (N, D), and labels (N,) of a conditional VAE.
    """
    weights: dict[str, Tensor] = {}
    for half in "encoder", "decoder":
        matrices = [p for p in getattr(model, half).parameters() if p.ndim > 1]
        weights |= {f"{half} {i}": matrix for i, matrix in enumerate(matrices, start=1)}
    reconstruction, kl = objective.elbo_costs(model.given(labels), x, rng)
    loss = (reconstruction + kl.sum(-1)).mean()
    gradients = torch.autograd.grad(loss, list(weights.values()))
    return {name: g.norm().item() for name, g in zip(weights, gradients, strict=True)}


def effective_beta(reconstruction: Term, nll: Term, output: Tensor, x: Tensor) -> float:
    """The beta that a program has chosen, knowingly or not, which adds `reconstruction` to a KL.

    reconstruction: (output, x) -> its term of the loss, a mean over the batch.  nll: (output, x) ->
    -log p(x|z), (B,).  If the one is 1/beta times the other, up to a constant, its optimum is that
    of nll + beta KL.  ValueError if it is no multiple: then no beta is the same.

    >>> effective_beta(F.mse_loss, lambda mean, x: GivenVariance()(mean).nll(x), mean, x)  # D / 2
    """
    output = output.detach().requires_grad_()
    (theirs,) = torch.autograd.grad(reconstruction(output, x), output)
    (ours,) = torch.autograd.grad(nll(output, x).mean(), output)
    beta = (ours.norm() / theirs.norm()).item()
    if not torch.allclose(beta * theirs, ours, rtol=1e-3, atol=1e-3 * ours.abs().max().item()):
        raise ValueError("This reconstruction is no multiple of that -log p(x|z): no beta fits.")
    return beta
