from bake_compiler import Component, Image, Var

component = Component(phase="all-of-them", images=[Image(name="hub", tags=[Var("TAG"), "latest"])])
