"""A project with a lock, whose base images of one registry come from a mirror."""

from bake_compiler import Phase, Project, Variable, Variant

project = Project(
    name="locked",
    registry="registry.example/team",
    tag="1.0",
    platforms=("amd64", "arm64"),
    phases=(Phase(name="all-of-them"),),
    variables=(Variable(name="GO_VERSION", default="1.25", description="Of the toolchain."),),
    variants=(Variant(name="dev", images=("web",)),),
    mirrors={"ghcr.io/": "mirror.example:5000/ghcr/"},
)
