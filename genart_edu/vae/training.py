"""One step of training a VAE: encode, draw z, decode, add the two costs, descend."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor

from genart_edu.vae.likelihood import Bernoulli, OptimalVariance
from genart_edu.vae.model import VAE, Autoencoder
from genart_edu.vae.objective import Costs, elbo_costs, free_bits, warm_up

ALWAYS = partial(warm_up, steps=0)  # the KL counts in full from the first step on


class VAERecord(NamedTuple):
    """Batch means in nats, 0-d, of the model as it was *before* this step's update."""

    reconstruction: Tensor
    kl: Tensor


class VAETrainer:
    """Descends reconstruction + beta * kl with Adam.  What changes in it is in `state_dict()`.

    lr: learning rate.  beta: weight of the KL term, 1 for the true bound (Higgins 2017).
    free_bits: nats that each latent dimension may carry at no extra cost.  These three can be set
    while it lives.  schedule: steps made so far -> share of beta in [0, 1], as `warm_up`.
    costs: what a pass costs: `elbo_costs`, `autoencoder_costs` for an Autoencoder, or yours (an
    OptimalVariance takes its reconstruction for -log p(x|z), and reads the squared error off it).
    rng: source of the noise in z, on the model's device.
    """

    settings = ("lr", "beta", "free_bits")
    half_steps = ()

    def __init__(
        self,
        model: VAE | Autoencoder,
        *,
        lr: float = 3e-3,
        beta: float = 1.0,
        free_bits: float = 0.0,
        schedule: Callable[[int], float] = ALWAYS,
        costs: Callable[[Any, Tensor, torch.Generator], Costs] = elbo_costs,
        rng: torch.Generator,
    ) -> None:
        self.model, self.costs, self.schedule, self.rng = model, costs, schedule, rng
        self.beta, self.free_bits = beta, free_bits
        self.steps = 0  # made so far
        self.optimizer = torch.optim.Adam(model.parameters(), lr=lr, fused=True)

    def step(self, x: Tensor, labels: Tensor | None = None) -> VAERecord:
        """x (B, D), and of a conditional VAE labels (B,): one update.

        Nothing here waits for the device, but the first step, which checks its batch.  Data that do
        not come as `Images`, which are checked when they are made: `check` all of them before.
        """
        if self.steps == 0:
            self.check(x, labels)
        model = self.model.given(labels)
        reconstruction, kl = self.costs(model, x, self.rng)  # (B,), (B, L)
        beta = self.beta * self.schedule(self.steps)
        loss = reconstruction + beta * free_bits(kl, self.free_bits)  # (B,)
        self.optimizer.zero_grad()
        loss.mean(-1).sum().backward()  # the only reduction over the batch
        self.optimizer.step()
        if isinstance(self.model.likelihood, OptimalVariance):
            self.model.likelihood.fit(reconstruction, x.shape[-1])
        self.steps += 1
        return VAERecord(reconstruction.detach().mean(-1), kl.detach().sum(-1).mean(-1))

    def check(self, x: Tensor, labels: Tensor | None = None) -> None:
        """ValueError, in one sentence, for data x (B, D), labels (B,) that it can't learn from."""
        if not x.isfinite().all():
            raise ValueError(f"x must be finite; {int((~x.isfinite()).sum())} numbers are not.")
        low, high = x.aminmax()
        if self.model.likelihood is Bernoulli and (low < 0 or high > 1):
            got = f"{low:g} to {high:g}"
            raise ValueError(f"A Bernoulli likelihood takes pixels in [0, 1]; got {got}.")
        classes = self.model.classes
        if bool(classes) != (labels is not None):
            needs = "needs labels beside x" if classes else "takes x alone, without labels"
            raise ValueError(f"This model {needs}.")
        if labels is None:
            return
        if labels.dtype != torch.int64 or labels.shape != x.shape[:-1]:
            got = f"{labels.dtype} of shape {tuple(labels.shape)}"
            raise ValueError(f"labels must be int64, one for each of {len(x)} x; got {got}.")
        low, high = labels.aminmax()
        if low < 0 or high >= classes:
            raise ValueError(f"labels must be from 0 to {classes - 1}; got {low} to {high}.")

    @property
    def lr(self) -> float:
        return self.optimizer.param_groups[0]["lr"]

    @lr.setter
    def lr(self, value: float) -> None:
        self.optimizer.param_groups[0]["lr"] = value

    def load_weights(self, state: dict[str, Any]) -> None:
        """Take from a state only what paints, on whatever device this is."""
        self.model.load_state_dict(state["model"])

    def state_dict(self) -> dict[str, Any]:
        parts = {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict()}
        numbers = {"beta": self.beta, "free_bits": self.free_bits, "steps": self.steps}
        return parts | {"rng": self.rng.get_state()} | numbers

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.rng.set_state(state["rng"])
        self.beta, self.free_bits, self.steps = state["beta"], state["free_bits"], state["steps"]
