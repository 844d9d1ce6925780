"""What an image is made of: no Dockerfile ends a build, and no two lists of inputs look alike."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bake_compiler.dockerfile import Dockerfile, DockerfileError, parse_dockerfile
from bake_compiler.inputs.image import MadeFrom, content_tag
from bake_compiler.model import Phase, Project
from bake_compiler.model.project import Stack
from bake_compiler.plan import make_plan
from bake_compiler.plan.origins import Base, origins_of
from tests.fakes.planned import planned

IMAGE = planned("web")
PROJECT = Project(name="acme", registry="r.test", tag="1", platforms=("linux/amd64",), phases=(Phase(name="first"),))
PLAN = replace(make_plan(Stack(PROJECT, {})), images=(IMAGE,))
_WORD = st.sampled_from(["a", "b:1", "x-$V", "$V", "${V}", "${", "$TARGETARCH", "scratch", "0", '"q"', "https://h/x"])
_LINE = st.one_of(
    st.builds("FROM {} AS {}".format, _WORD, _WORD),
    st.builds("FROM --platform={} {}".format, _WORD | st.just("$BUILDPLATFORM"), _WORD),
    st.builds("{} --from={} /x /y".format, st.sampled_from(["COPY", "ADD"]), _WORD),
    st.builds("ADD {} /y".format, _WORD),
    st.builds("ARG V={}".format, _WORD),
    st.builds("RUN --mount=from={} x".format, _WORD),
    st.text(max_size=10),
)
_DOCKERFILE = st.lists(_LINE, max_size=8).map("\n".join)


def parsed(text: str) -> Dockerfile | None:
    try:
        return parse_dockerfile(text)
    except DockerfileError:
        return None


@given(_DOCKERFILE)
def test_any_dockerfile_has_origins(text: str) -> None:
    found = origins_of(PLAN, IMAGE, text, PLAN.defaults)

    assert found.doubt or parsed(text)
    assert all(base.name != "scratch" and not any(letter in base.name for letter in " \n$") for base in found.bases)


_TEXTS = st.lists(st.text(st.characters(codec="utf-8"), max_size=4), max_size=3)


@given(_TEXTS, _TEXTS)
def test_the_same_inputs_and_no_others_have_the_same_tag(one: list[str], other: list[str]) -> None:
    def tag(digests: list[str]) -> str:
        bases = {Base(f"b{number}"): [digest] for number, digest in enumerate(digests)}
        return content_tag(IMAGE, MadeFrom("s", frozenset(bases), ""), {"TAG": "1"}, bases)

    assert (tag(one) == tag(other)) == (one == other)


@given(st.dictionaries(st.sampled_from("ABC"), st.text(max_size=3)), st.text(max_size=3))
def test_registry_and_platforms_are_nothing_to_a_tag_and_all_other_variables_are(
    variables: dict[str, str], value: str
) -> None:
    def tag(**more: str) -> str:
        return content_tag(IMAGE, MadeFrom("s", frozenset(), ""), {**variables, **more}, {})

    assert tag(REGISTRY=value, PLATFORMS=value) == tag()
    assert (tag(D=value) == tag()) is False
