from bake_compiler import Component, Image

component = Component(
    phase="all-of-them",
    images=[Image(name="own", contexts={"busybox": "docker-image://registry.example/busybox:ours"})],
)
