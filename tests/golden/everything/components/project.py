"""A project that says everything that bake can say; buildx 0.25 brought the last of it."""

from bake_compiler import (
    Attest,
    Cache,
    Expr,
    Function,
    Group,
    Join,
    Phase,
    Project,
    Target,
    Validation,
    Var,
    Variable,
    Variant,
)

project = Project(
    name="everything",
    registry="registry.example/team/",
    repository="every-{image}",
    tag="1.0",
    platforms=("linux/amd64", "linux/arm64"),
    phases=(Phase(name="base", description="what others use"), Phase(name="apps")),
    source_url="https://git.example/every",
    buildx=">=0.25",
    labels={"vendor": 'Every & Co, "quoted" ${not a template} %{nor this}'},
    variables=(
        Variable(name="GO_VERSION", default="1.25", description="The compiler."),
        Variable(
            name="JOBS",
            default=4,
            type="number",
            validation=(Validation(condition=Expr("JOBS > 0"), error="JOBS must be positive"),),
        ),
        Variable(name="RATIO", default=1.5),
        Variable(name="DEBUG", default=False, type="bool"),
        Variable(name="MIRRORS", default=["a.example", "b.example"], type="list(string)", example="c.example"),
        Variable(name="OWNERS", default={"app": "red", "hub": "blue"}),
        Variable(name="CUSTOMER", default=None),
        Variable(name="SHORT", default=Expr("substr(TAG, 0, 1)"), description="First character of the tag."),
    ),
    functions=(
        Function(
            name="upper_all",
            params=("first",),
            variadic="rest",
            result=Expr('upper(join("-", concat([first], rest)))'),
            description="In capitals, joined.",
        ),
    ),
    groups=(
        Group(name="everyone", members=("base", "nightly"), description="a group of groups"),
        Group(name="nightly", members=("app", "tool-3-11-slim")),
    ),
    targets=(
        Target(
            name="_go",
            description="What is written in Go.",
            args={"GO_VERSION": Var("GO_VERSION"), "CGO": "0"},
            cache_from=(Cache(ref=Join(Var("REGISTRY"), "/cache:go")),),
            annotations={"org.example.language": "go"},
        ),
        Target(name="_netrc", inherits=("_go",), args={"CGO": "1"}, no_cache_filter=("deps",)),
    ),
    variants=(
        Variant(
            name="dev",
            description="with a debugger",
            images=("hub",),
            args={"MODE": "dev"},
            cache_to=(),
            output=(),
            attest=(Attest(type="provenance", disabled=True),),
        ),
        Variant(name="acme", suffix="-acme.1", cache_to=(), output=()),
    ),
)
