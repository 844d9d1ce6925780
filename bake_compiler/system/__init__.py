"""What the operating system gives: processes, files, the environment, tasks."""
