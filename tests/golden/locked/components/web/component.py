from bake_compiler import Change, Component, Image, Var

component = Component(
    phase="all-of-them",
    args={"GO_VERSION": Var("GO_VERSION")},
    images=[Image(name="web", stage="web", variants={"dev": Change(stage="debug")})],
)
