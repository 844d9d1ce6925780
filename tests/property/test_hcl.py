"""Data stays data: whatever an author writes reaches the real buildx unchanged, and never changes the structure."""

import json
import os
import subprocess
import unicodedata
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bake_compiler import Component, Image, Phase, Project, hcl, process
from bake_compiler.buildx import print_command
from bake_compiler.model import Stack
from bake_compiler.plan import make_plan

ROOT = Path(__file__).parents[2]
TEMPLATE = hcl.template(ROOT)
PIECES = st.sampled_from(
    ["${", "%{", "$", "%", "{", "}", '"', "\\", "\n", "\r", "\t", "\u2028", "\x7f", "\x01", "🐳", "שלום", "${x}"]
)
TEXTS = (
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8) | PIECES, max_size=8
    )
    .map("".join)
    .map(lambda text: unicodedata.normalize("NFC", text))
)


def stack_of(components: dict[str, Component]) -> Stack:
    phases = (Phase(name="base"), Phase(name="top"))
    project = Project(name="p", registry="localhost", tag="1", platforms=("amd64", "arm64"), phases=phases)
    return Stack(project, components)


def read_by_buildx(text: str) -> dict[str, dict[str, dict[str, str]]]:
    """The targets of a bake file as `docker buildx bake --print` sees them."""
    with TemporaryDirectory() as directory:
        Path(directory, "docker-bake.hcl").write_text(text, encoding="utf-8")
        command = print_command(Path(directory), process.scrubbed(os.environ), ["t"])
        argv, env = command.argv, dict(command.env)
        done = subprocess.run(argv, cwd=directory, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    targets: dict[str, dict[str, dict[str, str]]] = json.loads(done.stdout)["target"]
    return targets


def printed(text: str) -> set[str]:
    """How buildx may print a text: newer ones escape the openers of templates in values of args and labels."""
    return {text, text.replace("${", "$${").replace("%{", "%%{")}


@pytest.mark.docker
@settings(max_examples=30, deadline=None)
@given(st.lists(TEXTS, min_size=40, max_size=60), TEXTS)
def test_any_text_reaches_buildx_unchanged(texts: list[str], description: str) -> None:
    values = {f"V{number}": text for number, text in enumerate(texts)}
    image = Image(name="t", description=description, labels={f"l{key}": text for key, text in values.items()})
    text = hcl.render(make_plan(stack_of({"t": Component(phase="base", images=(image,), args=values)})), TEMPLATE)

    target = read_by_buildx(text)["t"]

    assert target["args"].keys() == values.keys()
    for key, value in values.items():
        assert target["args"][key] in printed(value)
        assert target["labels"][f"l{key}"] in printed(value)
    if description:
        assert target["labels"]["org.opencontainers.image.description"] in printed(description)


@given(TEXTS)
def test_a_quoted_text_is_one_line_and_means_the_text(text: str) -> None:
    literal = hcl.quote(text)

    assert len(literal.splitlines()) == 1
    assert hcl._unquote(literal) == text


@settings(max_examples=25, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_declaration_never_changes_the_file(random: Random) -> None:
    images = [Image(name=name, labels={"z": "1", "a": "2"}) for name in ("one", "two", "three")]
    components = {
        "c": Component(phase="top", images=tuple(images), needs=("hub", "base")),
        "hub": Component(phase="base", images=(Image(name="hub"),)),
        "base": Component(phase="base", images=(Image(name="base"),)),
    }
    shuffled = list(components.items())
    random.shuffle(shuffled)
    random.shuffle(images)
    changed = dict(shuffled)
    changed["c"] = Component(phase="top", images=tuple(images), needs=("base", "hub"))

    assert hcl.render(make_plan(stack_of(changed)), TEMPLATE) == hcl.render(make_plan(stack_of(components)), TEMPLATE)
