"""Everything that a project can say."""

from bake_compiler import Phase, Project

project = Project(
    name="full",
    registry="harbor.example:8443/team/",
    repository="stack/{image}",
    tag="1.0",
    platforms=("arm64", "linux/amd64"),
    phases=(Phase(name="zero", description='before "one"'), Phase(name="one"), Phase(name="empty")),
    source_url="https://example.com/${repo}",
    labels={"vendor": 'Acme "A" %{x}'},
)
