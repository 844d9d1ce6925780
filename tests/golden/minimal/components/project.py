"""As little as a project can say."""

from bake_compiler import Phase, Project

project = Project(
    name="minimal", registry="localhost:5000", tag="1", platforms=("amd64",), phases=(Phase(name="only-one"),)
)
