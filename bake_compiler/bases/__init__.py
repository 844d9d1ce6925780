"""What base images are, as the builder and the registries say."""
