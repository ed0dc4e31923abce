"""Toolway: a tool router that people run themselves."""

__version__ = "0.1.0"
