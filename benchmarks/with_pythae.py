"""The VAE of pythae (from PyPI, `pip install pythae`), trained by its own BaseTrainer."""

import io
import logging
import tempfile
from collections.abc import Callable
from contextlib import redirect_stderr
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

BATCHES = 50  # in an epoch: it is asked for whole epochs


def epoch(
    pixels: np.ndarray, hidden_dim: int, latent_dim: int, batch_size: int
) -> Callable[[], Any]:
    """An epoch of BATCHES steps of a VAE of one hidden layer each way, in a folder of its own.

    pixels: (N, H, W) uint8.  ImportError without pythae.
    """
    from pythae.data.datasets import BaseDataset
    from pythae.models import VAE, VAEConfig
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDecoder, BaseEncoder
    from pythae.trainers import BaseTrainer, BaseTrainerConfig

    data_dim = pixels[0].size

    class Encoder(BaseEncoder):
        def __init__(self) -> None:
            super().__init__()
            self.hidden = nn.Sequential(nn.Linear(data_dim, hidden_dim), nn.ReLU())
            self.mean, self.logvar = (nn.Linear(hidden_dim, latent_dim) for _ in range(2))

        def forward(self, x: Tensor) -> Any:
            hidden = self.hidden(x.flatten(1))
            named = {"embedding": self.mean(hidden), "log_covariance": self.logvar(hidden)}
            return ModelOutput(**named)

    class Decoder(BaseDecoder):
        def __init__(self) -> None:
            super().__init__()
            layers = nn.Linear(latent_dim, hidden_dim), nn.ReLU(), nn.Linear(hidden_dim, data_dim)
            self.net = nn.Sequential(*layers, nn.Sigmoid())

        def forward(self, z: Tensor) -> Any:
            return ModelOutput(reconstruction=self.net(z).view(-1, 1, *pixels.shape[1:]))

    logging.getLogger("pythae").setLevel(logging.ERROR)
    shape = (1, *pixels.shape[1:])
    config = VAEConfig(input_dim=shape, latent_dim=latent_dim, reconstruction_loss="bce")
    x = torch.from_numpy(pixels[: BATCHES * batch_size]).view(-1, *shape) / 255
    home = tempfile.TemporaryDirectory()  # `quietly` holds it
    how = BaseTrainerConfig(
        output_dir=home.name,
        per_device_train_batch_size=batch_size,
        learning_rate=1e-3,
        optimizer_cls="Adam",
    )
    model = VAE(config, Encoder(), Decoder())
    trainer = BaseTrainer(model, BaseDataset(x, torch.zeros(len(x))), training_config=how)
    trainer.prepare_training()

    def quietly(_: Any = home) -> None:
        with redirect_stderr(io.StringIO()):
            trainer.train_step(1)

    return quietly
