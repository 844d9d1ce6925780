"""The bake file: rendered, parsed back, and what it means to buildx."""
