"""bakec plan."""
