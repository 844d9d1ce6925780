"""bakec plan: shows what a build would do, and why."""
