"""bakec lock."""
