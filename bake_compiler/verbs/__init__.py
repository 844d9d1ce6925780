"""Each verb of the command line in a folder of its own."""
