"""The usual loop, as tutorials and collections write it: what our trainers are measured beside.

Written anew after four that are read much: the VAE of pytorch/examples, the GAN and the DCGAN of
PyTorch-GAN, the GAN in the plane of Dive into Deep Learning.  What makes them usual is kept: a
DataLoader that makes a tensor of one PIL picture after the other, losses on probabilities,
gradients that run into the discriminator in the generator's half, Adam a parameter at a time, and
`.item()` after each step.  The networks are those of the other side, layer by layer.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset, TensorDataset

Step = Callable[[], object]


class Pictures(Dataset[tuple[Tensor, int]]):
    """Grey pictures (N, H, W) uint8, each a PIL picture that goes through transforms.

    centred: to [-1, 1] instead of [0, 1], as a tanh makes them.
    """

    def __init__(self, pixels: np.ndarray, centred: bool) -> None:
        self.pixels, self.centred = pixels, centred

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, i: int) -> tuple[Tensor, int]:
        picture = Image.fromarray(self.pixels[i], mode="L")
        x = torch.from_numpy(np.array(picture, copy=True)).view(picture.height, picture.width, 1)
        x = x.permute(2, 0, 1).contiguous().to(torch.float32).div(255)
        if self.centred:
            mean, std = torch.as_tensor([0.5]), torch.as_tensor([0.5])
            x = x.clone().sub_(mean.view(-1, 1, 1)).div_(std.view(-1, 1, 1))
        return x, 0


def for_ever(loader: DataLoader[Any]) -> Iterator[Any]:
    """Its batches, epoch after epoch."""
    while True:
        yield from loader


def vae(pixels: np.ndarray, hidden_dim: int, latent_dim: int, batch_size: int) -> Step:
    """A step of a VAE of one hidden layer each way."""

    class Usual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc1 = nn.Linear(pixels[0].size, hidden_dim)
            self.fc21 = nn.Linear(hidden_dim, latent_dim)
            self.fc22 = nn.Linear(hidden_dim, latent_dim)
            self.fc3 = nn.Linear(latent_dim, hidden_dim)
            self.fc4 = nn.Linear(hidden_dim, pixels[0].size)

        def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            hidden = F.relu(self.fc1(x))
            mean, logvar = self.fc21(hidden), self.fc22(hidden)
            z = mean + torch.randn_like(mean) * torch.exp(0.5 * logvar)
            return torch.sigmoid(self.fc4(F.relu(self.fc3(z)))), mean, logvar

    model = Usual()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    batches = for_ever(DataLoader(Pictures(pixels, centred=False), batch_size, shuffle=True))
    seen = 0.0

    def step() -> None:
        nonlocal seen
        x, _ = next(batches)
        optimizer.zero_grad()
        decoded, mean, logvar = model(x.view(len(x), -1))
        cost = F.binary_cross_entropy(decoded, x.view(len(x), -1), reduction="sum")
        loss = cost - 0.5 * torch.sum(1 + logvar - mean.pow(2) - logvar.exp())
        loss.backward()
        seen += loss.item()
        optimizer.step()

    return step


def gan(
    generator: nn.Module,
    discriminator: nn.Module,
    pixels: np.ndarray,
    latent_dim: int,
    batch_size: int,
) -> Step:
    """A step of a GAN of pictures.  generator: z (B, L) -> x (B, D); discriminator: x -> D(x)."""
    loss_of = nn.BCELoss()
    for_g = torch.optim.Adam(generator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    for_d = torch.optim.Adam(discriminator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    batches = for_ever(DataLoader(Pictures(pixels, centred=True), batch_size, shuffle=True))
    normal = np.random.default_rng(0).normal

    def step() -> tuple[float, float]:
        x, _ = next(batches)
        valid, fake = torch.ones(len(x)), torch.zeros(len(x))
        real = x.flatten(1).type(torch.FloatTensor)
        for_g.zero_grad()
        z = torch.FloatTensor(normal(size=(len(x), latent_dim)))
        made = generator(z)
        g_loss = loss_of(discriminator(made), valid)
        g_loss.backward()
        for_g.step()
        for_d.zero_grad()
        real_loss = loss_of(discriminator(real), valid)
        fake_loss = loss_of(discriminator(made.detach()), fake)
        d_loss = (real_loss + fake_loss) / 2
        d_loss.backward()
        for_d.step()
        return d_loss.item(), g_loss.item()

    return step


def plane_gan(
    generator: nn.Module, discriminator: nn.Module, x: Tensor, latent_dim: int, batch_size: int
) -> Step:
    """A step of a GAN in the plane.  discriminator: x (B, 2) -> logits (B,)."""
    loss_of = nn.BCEWithLogitsLoss(reduction="sum")
    for_g = torch.optim.Adam(generator.parameters(), lr=1e-3)
    for_d = torch.optim.Adam(discriminator.parameters(), lr=1e-3)
    batches = for_ever(DataLoader(TensorDataset(x), batch_size, shuffle=True, drop_last=True))

    def step() -> tuple[float, float]:
        (real,) = next(batches)
        z = torch.normal(0, 1, size=(len(real), latent_dim))
        ones, zeros = torch.ones(len(real)), torch.zeros(len(real))
        for_d.zero_grad()
        real_logits = discriminator(real)
        fake_logits = discriminator(generator(z).detach())
        d_loss = (loss_of(real_logits, ones) + loss_of(fake_logits, zeros)) / 2
        d_loss.backward()
        for_d.step()
        for_g.zero_grad()
        g_loss = loss_of(discriminator(generator(z)), ones)
        g_loss.backward()
        for_g.step()
        return d_loss.item(), g_loss.item()

    return step
