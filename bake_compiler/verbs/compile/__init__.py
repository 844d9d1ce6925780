"""bakec compile: writes the bake file, and compares it with the models."""
