"""bakec release."""
