"""Texts that several formats of a report share."""
