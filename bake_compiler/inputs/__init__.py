"""The digest of everything that an image is built from."""
