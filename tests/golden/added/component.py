"""A component that comes to the minimal case."""

from bake_compiler import Component, Image

component = Component(phase="only-one", images=[Image(name="added", description="a newcomer")])
