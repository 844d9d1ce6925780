"""bakec verify: compares images in a registry with what the models or a release promise."""
