"""Reads the files in an image's layers while the bytes arrive. No layer is in memory whole, and none is trusted."""
