"""Reads a project: finds and loads `components/`, reads Dockerfiles and git, and makes the plan."""
