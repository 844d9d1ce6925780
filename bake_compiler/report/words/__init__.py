"""The words that several formats of a report share."""
