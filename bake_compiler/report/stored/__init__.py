"""Reads reports and events from JSON, and writes events as JSON."""
