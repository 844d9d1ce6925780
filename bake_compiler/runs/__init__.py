"""The folder of a run: what the user asked for, and what the run left."""
