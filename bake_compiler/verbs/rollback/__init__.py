"""bakec rollback: puts the tags of a release back."""
