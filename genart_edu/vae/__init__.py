"""The VAE wing: maps, bound, training, what to read from it."""
