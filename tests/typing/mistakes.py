"""What an editor must show as wrong: each line that is marked, and no other. Type checkers read it, nothing runs it."""

from bake_compiler import (
    Attest,
    Builder,
    Cache,
    Component,
    Expr,
    External,
    Group,
    Image,
    Join,
    Node,
    Only,
    Output,
    Phase,
    Platform,
    Project,
    Secret,
    Ssh,
    Validation,
    Var,
    Variable,
)

image = Image(name="web")

# an unknown field
Image(name="web", stages="build")  # error: stage
Component(phase="apps", images=[image], need=["base"])  # error: needs
Phase(name="apps", gated=True)  # error: gate

# a field that is missing
Image()  # error: name
Component(phase="apps")  # error: images
Only(platforms=["amd64"])  # error: reason
Project(name="shop", registry="registry.example", tag="1.0")  # error: platforms
Secret(env="TOKEN")  # error: id

# fields are keywords
Image("web")  # error: name=
Var("TAG"), Expr("upper(TAG)"), Join("a", Var("TAG"))
Var(name=3)  # error: a number for a text
Join("a", 3)  # error: a number for a text
Expr()  # error: no text

# a text, a value
Image(name=3)  # error: a number for a text
Image(name="web", description=Var("TAG"))  # error: a Var for a plain text
Image(name="web", stage=Var("STAGE"))
Image(name="web", stage=["build"])  # error: a list for a text
Image(name="web", dockerfile=None, dockerfile_inline=3)  # error: a number for a text
Component(phase=Phase(name="apps"), images=[image])  # error: a Phase for its name

# a list of texts: a list or a tuple, but no text, which Python takes for its characters
Image(name="web", needs=["base"], smoke=("sh", "-c", "true"))
Image(name="web", needs="base")  # error: a text for a list
Image(name="web", smoke="nginx -v")  # error: a text for a list
Image(name="web", tags=["latest", Var("TAG")])
Image(name="web", tags=[1.0])  # error: a number for a tag
Image(name="web", tags=Var("TAG"))  # error: a Var for a list
Image(name="web", inherits=[image])  # error: an Image for a name
Image(name="web", needs={"base": "base"})  # error: a dict for a list
Group(name="all-of-it", members="web")  # error: a text for a list

# a list that an expression may give
Image(name="web", ulimits=["nofile=1024:2048"], entitlements=Expr("ALLOWED"))
Image(name="web", ulimits="nofile=1024:2048")  # error: a text for a list
Image(name="web", cache_from=["type=gha", Cache(ref="registry.example/cache")])
Image(name="web", cache_from="type=gha")  # error: a text for a list
Image(name="web", cache_to=[Output(type="local")])  # error: an Output for a Cache
Image(name="web", output=Output(type="local"))  # error: one for a list

# a list of models
Component(phase="apps", images=image)  # error: one for a list
Component(phase="apps", images=["web"])  # error: a text for an Image
Image(name="web", secret=["TOKEN"])  # error: a text for a Secret
Image(name="web", ssh=[Ssh()], attest=[Attest(type="sbom")])
Image(name="web", attest=[Attest(type="spdx")])  # error: an unknown type

# a map
Image(name="web", args={"PORT": 8080, "MODE": "release", "TAG": Var("TAG"), "UNSET": None})
Image(name="web", args={"RATIO": 0.5})  # error: 0.50 would be 0.5
Image(name="web", args=["PORT=8080"])  # error: a list for a map
Image(name="web", labels={"port": 8080})  # error: a number for a text
Image(name="web", args=Expr("ARGS"), labels={"team": None})
Image(name="web", matrix={"python": ["3.13", "3.14"]})
Image(name="web", matrix={"python": "3.14"})  # error: a text for a list
Image(name="web", variants={"dev": image})  # error: an Image for a Change
Image(name="web", not_secret=["KEY"])  # error: a reason is missing

# a flag, a word out of some
Image(name="web", pull=True, no_cache=Var("CLEAN"))
Image(name="web", pull="yes")  # error: a text for True
Image(name="web", call="check")
Image(name="web", call="lint")  # error: an unknown word
Component(phase="apps", images=[image], relative_to="root")  # error: an unknown word
Cache(mode="all")  # error: an unknown word
Builder(name="builder", driver="podman")  # error: an unknown word

# platforms
Only(platforms=["amd64", Platform.parse("arm64")], reason="the vendor has no other")
Only(platforms="amd64", reason="the vendor has no other")  # error: a text for a list
Image(name="web", platforms=["amd64"])  # error: Only, with a reason
Node(platforms=[64])  # error: a number for a platform
External(name="db", images={"amd64": "docker.io/library/postgres:17"})
External(name="db", images={64: "docker.io/library/postgres:17"})  # error: a number for a platform
ARCHITECTURES = ["amd64", "arm64"]
Node(platforms=ARCHITECTURES)

# values of variables
Variable(name="HOSTS", default=["a.example", {"port": 80, "tls": True}, Expr("TAG"), None])
Variable(name="HOSTS", default={"a.example", "b.example"})  # error: a set has no order
Variable(name="HOSTS", default=image)  # error: an Image
Variable(name="JOBS", validation=[Validation(condition="JOBS > 0", error="none")])  # error: a text for an Expr

# nothing can be changed
image.name = "api"  # error: frozen
