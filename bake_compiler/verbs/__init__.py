"""compile, build, verify: one module each, the stages in order. A table of contents of what bakec does."""
