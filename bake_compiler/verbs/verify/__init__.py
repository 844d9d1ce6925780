"""bakec verify."""
