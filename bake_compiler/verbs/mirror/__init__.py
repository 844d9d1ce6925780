"""bakec mirror: copies images of others into the project's registry."""
