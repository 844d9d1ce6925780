"""bakec build: checks, builds, verifies and publishes images."""
