"""Strategies for hypothesis: whole projects, with every kind of text that an author may write."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from hypothesis import strategies as st

from bake_compiler import (
    Attest,
    Cache,
    Change,
    Component,
    Image,
    Join,
    Only,
    Output,
    Phase,
    Platform,
    Project,
    Secret,
    Target,
    Var,
    Variable,
    Variant,
)
from bake_compiler.model import Stack

PLATFORMS = tuple(map(Platform.parse, ("amd64", "arm64", "riscv64")))
NAMES = ("api", "web", "hub", "db-init", "x1", "ui_2", "cron", "gate", "log", "z")
PIECES = (
    "${",
    "%{",
    "$${",
    "%%{",
    "$",
    "%",
    "{",
    "}",
    '"',
    "'",
    "\\",
    "\\n",
    "\n",
    "\r\n",
    "\t",
    "\u2028",
    "\x7f",
    "\x01",
)
WORDS = ("🐳", "שלום", "مرحبا", "${x}", "%{if true}", "a=b", "a,b", " ", "#", "//", "/*", "<<EOF", "é", "x" * 10_000)


def normal(text: str) -> str:
    """The text as a model takes it: composed, and not beginning with a mark that would join what stands before it."""
    composed = unicodedata.normalize("NFC", text)
    marks = takewhile(unicodedata.combining, composed)
    return composed[len(list(marks)) :]


texts = (
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
        | st.sampled_from(PIECES)
        | st.sampled_from(WORDS),
        max_size=6,
    )
    .map("".join)
    .map(normal)
)
"""Any text that a build can carry: quotes, template openers, control characters, right-to-left text, 10 kB of it."""

words = st.from_regex(r"[a-z][a-z0-9]{0,6}", fullmatch=True)
arg_names = st.from_regex(r"[A-Z][A-Z0-9_]{0,8}", fullmatch=True).filter(lambda name: name != "SOURCE_DATE_EPOCH")
label_keys = st.from_regex(r"[a-z][a-z0-9.-]{0,10}[a-z0-9]", fullmatch=True).filter(
    lambda key: not key.startswith("org.opencontainers")
)


@dataclass(frozen=True)
class Generated:
    """A project, and values that its variables may be overridden with."""

    stack: Stack
    overrides: Mapping[str, str]


@st.composite
def values(draw: st.DrawFn, variables: Sequence[str]) -> str | Var | Join:
    """A text, a variable, or both joined."""
    kind = draw(st.integers(0, 5))
    if not variables or kind < 4:
        return draw(texts)
    name = Var(draw(st.sampled_from(variables)))
    return name if kind == 4 else Join(draw(texts), name, draw(texts))


@st.composite
def settings(draw: st.DrawFn, variables: Sequence[str], *, new: bool, owner: str) -> dict[str, Any]:
    """Fields of Settings; those of a newer buildx only where `new` says so."""
    numbers = values([name for name in variables if name.startswith("N_")])  # a comma in a variable would break CSV
    value = values(variables)
    said: dict[str, st.SearchStrategy[object]] = {
        "args": st.dictionaries(arg_names, value, max_size=6),
        "labels": st.dictionaries(label_keys, value, max_size=6),
        "annotations": st.dictionaries(label_keys, value, max_size=2),
        "contexts": st.dictionaries(words, words.map(lambda word: f"docker-image://{word}"), max_size=2),
        "cache_from": st.lists(st.builds(Cache, ref=numbers), max_size=2).map(tuple),
        "cache_to": st.just((Cache(type="local", options={"dest": f"out/{owner}"}),)),
        "output": st.just((Output(type="image", options={"compression": "zstd"}),)),
        "secret": st.lists(words, max_size=2, unique=True).map(
            lambda ids: tuple(Secret(id=f"{owner}-{each}", env="HOME") for each in ids)
        ),
        "attest": st.sampled_from([(Attest(type="sbom"),), (Attest(type="provenance", mode="max"),)]),
        "no_cache": st.booleans(),
        "no_cache_filter": st.lists(words, max_size=2, unique=True).map(tuple),
        "pull": st.booleans(),
        "shm_size": st.just("128m"),
        "ulimits": st.just(("nofile=1024:2048",)),
    }
    if new:
        said |= {
            "network": st.sampled_from(["host", "none", "default"]),
            "extra_hosts": st.dictionaries(words, st.just("10.0.0.1"), max_size=2),
            "entitlements": st.just(("network.host",)),
            "call": st.just("check"),
        }
    chosen = draw(st.lists(st.sampled_from(sorted(said)), max_size=4, unique=True))
    return {name: draw(said[name]) for name in chosen}


@st.composite
def projects(draw: st.DrawFn) -> Generated:
    """A project of a few components: graphs of needs, exceptions, abstract targets, variants, a matrix, variables."""
    new = draw(st.booleans())
    variables = draw(st.lists(_variables(), max_size=3, unique_by=lambda variable: variable.name))
    names = [variable.name for variable in variables]
    platforms = draw(st.lists(st.sampled_from(PLATFORMS), min_size=1, max_size=3, unique=True))
    targets = [
        Target(
            name=f"_t{number}",
            inherits=tuple(f"_t{each}" for each in range(number)),
            **draw(settings(names, new=new, owner=f"t{number}")),
        )
        for number in range(draw(st.integers(0, 2)))
    ]
    images: list[Image] = []
    components: dict[str, Component] = {}
    for name in draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True)):
        own = [
            draw(_images(f"{name}-{number}" if number else name, images, names, targets, platforms, new=new))
            for number in range(draw(st.integers(1, 2)))
        ]
        phase = draw(st.sampled_from(["base", "top"]))
        components[name] = Component(
            phase=phase, images=own, dockerfile_inline=draw(texts), **draw(settings(names, new=new, owner=f"c-{name}"))
        )
        images += own
    plain = [image.name for image in images if not image.matrix]
    chosen = draw(st.lists(st.sampled_from(plain), max_size=2, unique=True)) if plain else []
    variants = [Variant(name="dev", images=chosen, **draw(settings(names, new=new, owner="dev")))] if chosen else []
    project = Project(
        name="generated",
        registry=draw(st.sampled_from(["localhost:5000", "registry.example/team/"])),
        also=draw(
            st.lists(st.sampled_from(["docker.io/acme", "r.test:5000/x/", Join(Var("REGISTRY"), "-2")]), max_size=2)
        ),
        repository=draw(st.sampled_from(["{image}", "prefix-{image}", "a/{image}/b"])),
        tag="1.0",
        platforms=platforms,
        phases=(Phase(name="base", description=draw(texts)), Phase(name="top")),
        buildx=">=0.25" if new else ">=0.13",
        variables=variables,
        targets=targets,
        variants=variants,
        **draw(settings(names, new=new, owner="all")),
    )
    return Generated(Stack(project, components), draw(_overrides(variables)))


@st.composite
def _variables(draw: st.DrawFn) -> Variable:
    default = draw(texts | st.integers(-5, 10**6) | st.booleans() | st.sampled_from([0.5, 1.25, 3.0]))
    kind = "V" if isinstance(default, str) else "N"
    return Variable(name=f"{kind}_{draw(arg_names)}", default=default, description=draw(texts))


@st.composite
def _overrides(draw: st.DrawFn, variables: Sequence[Variable]) -> dict[str, str]:
    own = {
        "TAG": "9.9",
        "REGISTRY": "other.example/",
        "PLATFORMS": "linux/arm64",
        "REVISION": "abc",
        "SOURCE_DATE_EPOCH": "1",
    }
    for variable in variables:
        match variable.default:
            case bool():
                own[variable.name] = draw(st.sampled_from(["true", "false"]))
            case int():
                own[variable.name] = str(draw(st.integers(0, 999)))
            case float():
                own[variable.name] = "7.5"
            case _:
                own[variable.name] = draw(texts)
    name = draw(st.sampled_from(sorted(own)))
    return {name: own[name]}


@st.composite
def _images(
    draw: st.DrawFn,
    name: str,
    earlier: Sequence[Image],
    variables: Sequence[str],
    targets: Sequence[Target],
    platforms: Sequence[Platform],
    *,
    new: bool,
) -> Image:
    matrix = draw(st.just({}) | st.just({"size": ("slim", "full.1"), "py": ("3.11",)})) if name.isalpha() else {}
    only = draw(st.none() | st.sampled_from(platforms).map(lambda one: Only(platforms=(one,), reason="a reason")))
    usable = [image.name for image in earlier if image.platforms == only and not image.matrix]
    variants = (
        {}
        if matrix
        else draw(
            st.just({})
            | settings(variables, new=new, owner=f"{name}-dev").map(lambda said: {"dev": Change(stage="dev", **said)})
        )
    )
    fields = draw(settings([*variables, *matrix], new=new, owner=name))
    return Image(
        name=name,
        description=draw(texts),
        stage=draw(st.none() | texts.filter(bool)),
        platforms=only,
        needs=draw(st.lists(st.sampled_from(usable), max_size=2, unique=True)) if usable else [],
        inherits=draw(st.lists(st.sampled_from([target.name for target in targets]), max_size=2, unique=True))
        if targets
        else [],
        matrix=matrix,
        variants=variants,
        tags=draw(st.sampled_from([(), (Var("TAG"), "latest"), (Join("v", Var("TAG")),)])),
        **fields,
    )
