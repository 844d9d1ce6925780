"""The terms of the OCI specifications as small frozen types, one module for each term."""
