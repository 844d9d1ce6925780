"""bakec promote: gives the images of a release other tags."""
