"""bakec release: shows and finishes the moves of a release, and works with release files."""
