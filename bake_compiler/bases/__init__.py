"""What the builder and the registries know about base images."""
