"""Two images of one component, one of which has its name."""

from bake_compiler import Component, Image, Only

component = Component(
    phase="one",
    description="the web",
    args={"GREETING": 'say "hi" to ${USER}\n%{if} \\ 🐳 שלום', "EMPTY": ""},
    labels={"a.b/c": "1"},
    needs=["hub"],
    platforms=Only(platforms=("amd64",), reason="as the hub"),
    images=[
        Image(name="web-init", stage="init", dockerfile="init.Dockerfile", args={"MORE": "x"}),
        Image(name="web", stage="web"),
    ],
)
