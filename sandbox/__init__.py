"""A private Docker engine, registry and arm64 emulation for machines that have none.

Everything comes from the machine's own package archive and lives under `.sandbox/` and one directory in /run.
Only the standard library is used: the sandbox starts before anything is installed. Not part of the installed package.
"""
