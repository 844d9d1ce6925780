"""The tag of one platform beside the tag of all."""

import pytest

from bake_compiler.oci.architecture import architecture_tag
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import Reference, one_of_each_repository


@pytest.mark.parametrize(
    ("platform", "tag"),
    [
        ("linux/amd64", "1.0-amd64"),
        ("linux/arm64/v8", "1.0-arm64"),
        ("linux/arm/v7", "1.0-arm-v7"),
        ("linux/386", "1.0-386"),
        ("windows/amd64", "1.0-windows-amd64"),
    ],
)
def test_the_platform_is_at_the_end_of_the_tag(platform: str, tag: str) -> None:
    made = architecture_tag(Reference.parse("r.test:5000/team/web:1.0"), Platform.parse(platform))

    assert str(made) == f"r.test:5000/team/web:{tag}"


def test_a_tag_that_leaves_no_room_is_an_error() -> None:
    with pytest.raises(ValueError, match="is not a tag"):
        architecture_tag(Reference("r.test", "web", "x" * 123), Platform.parse("arm64"))


def test_the_first_reference_stands_for_its_repository() -> None:
    texts = ("a.test/x/web:1", "a.test/web:1", "a.test/x/web:2", "b.test/x/web:1", "a.test/web:2")

    assert list(map(str, one_of_each_repository(map(Reference.parse, texts)))) == [
        "a.test/x/web:1",
        "a.test/web:1",
        "b.test/x/web:1",
    ]
