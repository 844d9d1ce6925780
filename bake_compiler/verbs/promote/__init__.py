"""bakec promote."""
