"""A run's folder: what was asked, and what was kept of it."""
