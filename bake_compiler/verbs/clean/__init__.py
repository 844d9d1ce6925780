"""bakec clean: removes content tags and journals that nobody needs any more."""
