"""The project as it is read: components/ found, loaded, planned."""
