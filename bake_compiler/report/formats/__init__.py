"""The report in each format, a module each."""
