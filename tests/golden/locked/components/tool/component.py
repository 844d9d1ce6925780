from bake_compiler import Component, Image, Var

component = Component(
    phase="all-of-them",
    images=[Image(name="tool", matrix={"PYTHON": ("3.11", "3.12")}, args={"PYTHON": Var("PYTHON")})],
)
