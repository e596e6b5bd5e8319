"""One step of training a GAN: the discriminator learns to tell, then the generator to fool it."""

import copy
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from genart_edu.gan import objective as cures
from genart_edu.gan.objective import NONSATURATING, Judge, Objective
from genart_edu.gan.schedule import constant
from genart_edu.nets import gradient_norm

Update = tuple[Tensor, Tensor]  # a player's mean loss, and the length of its gradient


class GANRecord(NamedTuple):
    """Batch means, 0-d: each player's loss, without penalties, as it was just before its (last)
    update, and the length of the gradient of all that it minimised.  (S,) for S seeds."""

    discriminator_loss: Tensor
    generator_loss: Tensor
    discriminator_gradient: Tensor
    generator_gradient: Tensor


class GANTrainer:
    """Two players, an Adam each.  What changes in it is in `state_dict()`.

    objective: what the two minimise.  n_critic: updates of D in a step.  lr, discriminator_lr:
    learning rates (the second as the first unless given).  beta1: Adam's momentum; .5 is calmer
    than .9 for two players (Radford 2015, arXiv:1511.06434).  schedule: steps made so far -> share
    of both rates.  r1, gradient_penalty: weights of D's penalties.  instance_noise: std of the
    noise on real and fake before D judges them.  unroll: plain descents of D, at unroll_lr, that
    the generator foresees.  average: share that the generator's moving average keeps at each step
    (Yazici 2019, arXiv:1806.04498, section 3).  rng: source of z and of all other noise, on the
    device of the models.

    Networks of `SeedLinear` train as one, on x (S, B, D): each as if alone.
    """

    settings = ("lr", "discriminator_lr", "r1", "gradient_penalty", "instance_noise")
    half_steps = ("discriminator_step", "generator_step")

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        *,
        latent_dim: int,
        objective: Objective = NONSATURATING,
        n_critic: int = 1,
        lr: float = 1e-3,
        discriminator_lr: float | None = None,
        beta1: float = 0.5,
        schedule: Callable[[int], float] = constant,
        r1: float = 0.0,
        gradient_penalty: float = 0.0,
        instance_noise: float = 0.0,
        unroll: int = 0,
        unroll_lr: float = 0.1,
        average: float = 0.0,
        rng: torch.Generator,
    ) -> None:
        self.generator, self.discriminator, self.latent_dim = generator, discriminator, latent_dim
        self.objective, self.n_critic, self.schedule, self.rng = objective, n_critic, schedule, rng
        self.lr, self.discriminator_lr = lr, lr if discriminator_lr is None else discriminator_lr
        self.r1, self.gradient_penalty, self.instance_noise = r1, gradient_penalty, instance_noise
        self.unroll, self.unroll_lr, self.average = unroll, unroll_lr, average
        self.painter = copy.deepcopy(generator) if average else generator  # what samples come from
        self.maps = "generator", "discriminator", *["painter"] * (average > 0)
        self._parts = *self.maps, "generator_optimizer", "discriminator_optimizer"
        self.steps = 0  # made so far

        def adam(net: nn.Module) -> torch.optim.Adam:
            return torch.optim.Adam(net.parameters(), betas=(beta1, 0.999), fused=True)

        self.generator_optimizer = adam(generator)
        self.discriminator_optimizer = adam(discriminator)

    def step(self, real: Tensor, *labels: Tensor) -> GANRecord:
        """One step of both, on the same fakes.  real (n_critic B, D), labels (n_critic B,) if told.

        The discriminator makes n_critic updates, each on the next B of them.
        """
        for x, *y in self._updates(real, *labels):
            fake = self.fake_like(x, *y)
            d_loss, d_gradient = self.update_discriminator(x, fake.detach(), *y)
        g_loss, g_gradient = self.update_generator(x, fake, *y)
        self.steps += 1
        return GANRecord(d_loss, g_loss, d_gradient, g_gradient)

    def discriminator_step(self, real: Tensor, *labels: Tensor) -> Tensor:
        """The discriminator's half alone: the generator stands still.  -> its last mean loss."""
        for x, *y in self._updates(real, *labels):
            with torch.no_grad():
                fake = self.fake_like(x, *y)
            loss, _ = self.update_discriminator(x, fake, *y)
        return loss

    def generator_step(self, real: Tensor, *labels: Tensor) -> Tensor:
        """The generator's half alone: the discriminator stands still.  -> its mean loss."""
        x, *y = next(self._updates(real, *labels))
        return self.update_generator(x, self.fake_like(x, *y), *y)[0]

    def _updates(self, real: Tensor, *labels: Tensor) -> Iterator[tuple[Tensor, ...]]:
        """(x,) or (x, labels) for each update of the discriminator in a step, all as large."""
        share = (self.n_critic, -1)
        xs = real.unflatten(-2, share).unbind(-3)
        return zip(xs, *(y.unflatten(-1, share).unbind(-2) for y in labels), strict=True)

    def fake_like(self, real: Tensor, *labels: Tensor) -> Tensor:
        """G(z), z ~ N(0, I): as many as real (B, D) has, and of its classes.  -> (B, D)."""
        shape = (*real.shape[:-1], self.latent_dim)
        z = torch.randn(shape, generator=self.rng, device=self.rng.device)
        return self.generator(z, *labels)

    def update_discriminator(self, real: Tensor, fake: Tensor, *labels: Tensor) -> Update:
        """One Adam step of the discriminator; `fake` must be detached.  -> mean loss, gradient."""
        cost = loss = self._discriminator_loss(self.discriminator, real, fake, *labels).mean(-1)
        if self.r1:
            cost = cost + self.r1 * cures.r1(self._told(*labels), real).mean(-1)
        if self.gradient_penalty:
            penalty = cures.gradient_penalty(self._told(*labels), real, fake, self.rng)
            cost = cost + self.gradient_penalty * penalty.mean(-1)
        gradient = self._descend(cost, self.discriminator_optimizer, self.discriminator_lr)
        return loss.detach(), gradient

    def update_generator(self, real: Tensor, fake: Tensor, *labels: Tensor) -> Update:
        """One Adam step of the generator.  -> mean loss, gradient.

        The gradient passes *through* the discriminator, not into it: `inputs` says where it ends.
        """
        judge: Callable[..., Tensor] = self.discriminator
        if self.unroll:

            def loss_of(judge: Callable[..., Tensor]) -> Tensor:
                return self._discriminator_loss(judge, real, fake, *labels)

            judge = cures.unrolled(self.discriminator, loss_of, self.unroll, self.unroll_lr)
        fake_logits = judge(self._seen(fake), *labels)
        loss = self.objective.generator(fake_logits).mean(-1)
        gradient = self._descend(loss, self.generator_optimizer, self.lr)
        if self.average:
            self._follow()
        return loss.detach(), gradient

    def _discriminator_loss(
        self, judge: Callable[..., Tensor], real: Tensor, fake: Tensor, *labels: Tensor
    ) -> Tensor:
        """What telling real from fake costs `judge`, (B,).  Two calls: no batch knows the other."""
        real_logits, fake_logits = (judge(self._seen(x), *labels) for x in (real, fake))
        return self.objective.discriminator(real_logits, fake_logits)

    def _told(self, *labels: Tensor) -> Judge:
        return lambda x: self.discriminator(x, *labels)

    def _seen(self, x: Tensor) -> Tensor:
        """x as the discriminator gets to see it."""
        return cures.instance_noise(x, self.instance_noise, self.rng) if self.instance_noise else x

    def _descend(self, cost: Tensor, optimizer: torch.optim.Adam, lr: float) -> Tensor:
        """One Adam step of one player's weights, () or (S,) costs.  -> length of the gradient."""
        group = optimizer.param_groups[0]
        group["lr"] = lr * self.schedule(self.steps)
        weights = [weight for weight in group["params"] if weight.requires_grad]  # not frozen
        for weight in weights:
            weight.grad = None
        cost.sum().backward(inputs=weights)
        optimizer.step()
        return gradient_norm(weights, cost.ndim)

    @torch.no_grad()
    def _follow(self) -> None:
        """The average moves (1 - average) of the way to the generator as it is now."""
        for slow, fast in zip(self.painter.parameters(), self.generator.parameters(), strict=True):
            slow.lerp_(fast, 1 - self.average)

    def load_weights(self, state: dict[str, Any]) -> None:
        """Take from a state only the maps, on whatever device this is."""
        for part in self.maps:
            getattr(self, part).load_state_dict(state[part])

    def state_dict(self) -> dict[str, Any]:
        state = {part: getattr(self, part).state_dict() for part in self._parts}
        numbers = {name: getattr(self, name) for name in (*self.settings, "steps")}
        return state | numbers | {"rng": self.rng.get_state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for part in self._parts:
            getattr(self, part).load_state_dict(state[part])
        for name in (*self.settings, "steps"):
            setattr(self, name, state[name])
        self.rng.set_state(state["rng"])
