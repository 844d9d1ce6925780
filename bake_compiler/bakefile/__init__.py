"""Writes the bake file, parses it, and computes what buildx must read in it."""
