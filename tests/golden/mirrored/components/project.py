"""A project whose images are in three registries, each platform under tags of its own too."""

from bake_compiler import Join, Phase, Project, Var, Variable, Variant

project = Project(
    name="mirrored",
    registry="registry.example/team",
    also=("docker.io/acme", Join(Var("MIRROR"), "/team")),
    repository="stack/{image}",
    tag="1.0",
    platforms=("amd64", "arm64"),
    phases=(Phase(name="all-of-them"),),
    variables=(Variable(name="MIRROR", default="mirror.example:5000", description="Of the other site."),),
    variants=(Variant(name="dev", images=("hub",)),),
    architecture_tags=True,
)
