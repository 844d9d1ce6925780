"""bakec mirror."""
