"""bakec build."""
