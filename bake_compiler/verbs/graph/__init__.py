"""bakec graph: draws phases, images and their needs."""
