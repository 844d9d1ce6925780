"""Looks up base images: what the builder and the registries have under their names."""
