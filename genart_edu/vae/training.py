"""One step of training a VAE: encode, draw z, decode, add the two costs, descend."""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from genart_edu.vae.model import VAE
from genart_edu.vae.objective import elbo_costs


class VAERecord(NamedTuple):
    """Batch means in nats, 0-d, of the model as it was *before* this step's update."""

    reconstruction: Tensor
    kl: Tensor


class VAETrainer:
    """Descends reconstruction + beta * kl with Adam.  Its whole state is in `state_dict()`.

    lr: learning rate.  beta: weight of the KL term, 1 for the true bound (Higgins 2017).
    Both can be set while it lives.  rng: source of the noise in z, on the model's device.
    """

    settings = ("lr", "beta")
    half_steps = ()

    def __init__(
        self, model: VAE, *, lr: float = 3e-3, beta: float = 1.0, rng: torch.Generator
    ) -> None:
        self.model, self.beta, self.rng = model, beta, rng
        self.optimizer = torch.optim.Adam(model.parameters(), lr=lr, fused=True)

    def step(self, x: Tensor) -> VAERecord:
        """x (B, D): one update.  Nothing here waits for the device."""
        reconstruction, kl = elbo_costs(self.model, x, self.rng)  # (B,), (B,)
        loss = reconstruction + self.beta * kl
        self.optimizer.zero_grad()
        loss.mean(-1).sum().backward()  # the only reduction over the batch
        self.optimizer.step()
        return VAERecord(reconstruction.detach().mean(-1), kl.detach().mean(-1))

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
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "rng": self.rng.get_state(),
            "beta": self.beta,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.rng.set_state(state["rng"])
        self.beta = state["beta"]
