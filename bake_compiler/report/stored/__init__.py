"""Reports and events as JSON, and read back."""
