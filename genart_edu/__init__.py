"""A small kit to learn and teach generative models."""

__version__ = "0.1.0"
