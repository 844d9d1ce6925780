"""bakec doctor, and the preflight of a build: checks everything that a build needs."""
