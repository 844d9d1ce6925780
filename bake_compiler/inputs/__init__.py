"""Computes the digest of everything that an image is made from."""
