"""The GAN wing: maps, losses, training, what to read from it."""
