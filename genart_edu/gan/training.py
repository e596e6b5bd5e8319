"""One step of training a GAN: the discriminator learns to tell, then the generator to fool it."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from genart_edu.gan.objective import discriminator_loss, nonsaturating


class GANRecord(NamedTuple):
    """Batch means in nats, 0-d: each player's loss as it was just before that player's update."""

    discriminator_loss: Tensor
    generator_loss: Tensor


class GANTrainer:
    """Two players, an Adam each.  Its whole state is in `state_dict()`.

    lr, discriminator_lr: learning rates (the second as the first unless given); both can be set
    while it lives.  beta1: Adam's momentum; .5 is calmer than .9 for two players (Radford 2015,
    arXiv:1511.06434).  generator_loss: fake_logits (B,) -> (B,).  rng: source of z, on the device
    of the models.
    """

    settings = ("lr", "discriminator_lr")
    half_steps = ("discriminator_step", "generator_step")

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        *,
        latent_dim: int,
        lr: float = 1e-3,
        discriminator_lr: float | None = None,
        beta1: float = 0.5,
        generator_loss: Callable[[Tensor], Tensor] = nonsaturating,
        rng: torch.Generator,
    ) -> None:
        self.generator, self.discriminator = generator, discriminator
        self.latent_dim, self.generator_loss, self.rng = latent_dim, generator_loss, rng

        def adam(net: nn.Module, lr: float) -> torch.optim.Adam:
            return torch.optim.Adam(net.parameters(), lr=lr, betas=(beta1, 0.999), fused=True)

        self.generator_optimizer = adam(generator, lr)
        self.discriminator_optimizer = adam(
            discriminator, lr if discriminator_lr is None else discriminator_lr
        )

    def step(self, real: Tensor) -> GANRecord:
        """real (B, D): one update of each player, on the same fakes."""
        fake = self.fake_like(real)
        d_loss = self.update_discriminator(real, fake.detach())
        return GANRecord(d_loss, self.update_generator(fake))

    def discriminator_step(self, real: Tensor) -> Tensor:
        """The discriminator's half alone: the generator stands still.  -> its mean loss."""
        with torch.no_grad():
            fake = self.fake_like(real)
        return self.update_discriminator(real, fake)

    def generator_step(self, real: Tensor) -> Tensor:
        """The generator's half alone: the discriminator stands still.  -> its mean loss."""
        return self.update_generator(self.fake_like(real))

    def fake_like(self, real: Tensor) -> Tensor:
        """G(z), z ~ N(0, I): as many as there are in real (B, D).  -> (B, D)."""
        shape = (*real.shape[:-1], self.latent_dim)
        return self.generator(torch.randn(shape, generator=self.rng, device=self.rng.device))

    def update_discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """One Adam step of the discriminator; `fake` must be detached.  -> its mean loss."""
        both = torch.cat([real, fake], dim=-2)  # one call: there is no BatchNorm to mix the two
        real_logits, fake_logits = self.discriminator(both).chunk(2, dim=-1)  # (B,), (B,)
        loss = discriminator_loss(real_logits, fake_logits).mean(-1)
        self.discriminator_optimizer.zero_grad()
        loss.sum().backward()
        self.discriminator_optimizer.step()
        return loss.detach()

    def update_generator(self, fake: Tensor) -> Tensor:
        """One Adam step of the generator.  -> its mean loss.

        The gradient passes *through* the discriminator, not into it: `inputs` says where it ends.
        """
        loss = self.generator_loss(self.discriminator(fake)).mean(-1)
        self.generator_optimizer.zero_grad()
        loss.sum().backward(inputs=list(self.generator.parameters()))
        self.generator_optimizer.step()
        return loss.detach()

    @property
    def lr(self) -> float:
        return self.generator_optimizer.param_groups[0]["lr"]

    @lr.setter
    def lr(self, value: float) -> None:
        self.generator_optimizer.param_groups[0]["lr"] = value

    @property
    def discriminator_lr(self) -> float:
        return self.discriminator_optimizer.param_groups[0]["lr"]

    @discriminator_lr.setter
    def discriminator_lr(self, value: float) -> None:
        self.discriminator_optimizer.param_groups[0]["lr"] = value

    def load_weights(self, state: dict[str, Any]) -> None:
        """Take from a state only the maps, on whatever device this is."""
        self.generator.load_state_dict(state["generator"])
        self.discriminator.load_state_dict(state["discriminator"])

    _parts = ("generator", "discriminator", "generator_optimizer", "discriminator_optimizer")

    def state_dict(self) -> dict[str, Any]:
        state = {part: getattr(self, part).state_dict() for part in self._parts}
        return state | {"rng": self.rng.get_state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for part in self._parts:
            getattr(self, part).load_state_dict(state[part])
        self.rng.set_state(state["rng"])
