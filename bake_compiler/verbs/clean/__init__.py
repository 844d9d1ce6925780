"""bakec clean."""
