"""The operating system: processes, files, the environment, journals and tasks."""
