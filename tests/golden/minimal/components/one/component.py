"""As little as a component can say."""

from bake_compiler import Component, Image

component = Component(phase="only-one", images=[Image(name="one")])
