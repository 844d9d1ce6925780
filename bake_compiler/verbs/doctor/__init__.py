"""bakec doctor."""
