from bake_compiler import Component, Image

component = Component(
    phase="base",
    dockerfile_inline="FROM scratch\nARG MODE=release\nCOPY hub.txt /\n",
    images=[Image(name="hub", description="what others read", tags=("latest",))],
)
