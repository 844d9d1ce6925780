"""bakec lock: writes the digests of base images to bakec.lock."""
