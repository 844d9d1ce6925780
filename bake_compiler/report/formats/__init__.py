"""The report in each format. Each format has one module."""
