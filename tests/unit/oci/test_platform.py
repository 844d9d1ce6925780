import pytest

from bake_compiler.oci.platform import Platform


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("amd64", "linux/amd64"),
        ("x86_64", "linux/amd64"),
        ("linux/amd64/v1", "linux/amd64"),
        ("linux/amd64/v2", "linux/amd64/v2"),
        ("aarch64", "linux/arm64"),
        ("linux/arm64/v8", "linux/arm64"),
        ("arm64/v9", "linux/arm64/v9"),
        ("arm", "linux/arm/v7"),
        ("armhf", "linux/arm/v7"),
        ("armel", "linux/arm/v6"),
        ("linux/arm/v6", "linux/arm/v6"),
        (" Linux/ARM64 ", "linux/arm64"),
        ("i386", "linux/386"),
        ("i686", "linux/386"),
        ("armv7l", "linux/arm/v7"),
        ("windows/amd64", "windows/amd64"),
    ],
)
def test_reads_what_people_write_into_one_normal_form(text: str, normal: str) -> None:
    assert str(Platform.parse(text)) == normal


@pytest.mark.parametrize(
    "text", ["", "/", "linux", "linux/", "arm64/", "linux/arm64/", "linux//arm64", "linux/arm64/v8/x"]
)
def test_refuses_an_incomplete_or_overlong_platform(text: str) -> None:
    with pytest.raises(ValueError, match="unknown platform"):
        Platform.parse(text)


@pytest.mark.parametrize("text", ["arm64/v7", "amd64/v9", "386/v1", "linux/unknown", "unknown/unknown"])
def test_refuses_a_variant_or_architecture_that_does_not_exist(text: str) -> None:
    with pytest.raises(ValueError, match="unknown platform"):
        Platform.parse(text)


def test_suggests_what_was_meant() -> None:
    with pytest.raises(ValueError, match="did you mean 'arm64'"):
        Platform.parse("linux/arm46")


def test_lists_what_is_known_when_nothing_is_close() -> None:
    with pytest.raises(ValueError, match="known are 386, amd64"):
        Platform.parse("zzzzzz")


@pytest.mark.parametrize(
    ("fields", "normal"),
    [
        (("linux", "arm64", "8"), "linux/arm64"),
        (("linux", "arm", "6"), "linux/arm/v6"),
        (("linux", "arm", ""), "linux/arm/v7"),
        (("unknown", "unknown", ""), "unknown/unknown"),
        (("", "", ""), ""),
        (("Linux", "ARM64", "V8"), "linux/arm64"),
        (("linux", "x86_64", ""), "linux/amd64"),
        (("linux", "armel", ""), "linux/arm/v6"),
        (("linux", "armhf", "v6"), "linux/arm/v6"),
    ],
)
def test_fields_of_a_config_take_the_same_normal_form(fields: tuple[str, str, str], normal: str) -> None:
    assert str(Platform.of(*fields)) == normal


@pytest.mark.parametrize(
    ("text", "machine"),
    [("amd64", "x86_64"), ("arm64", "aarch64"), ("arm/v6", "armv6l"), ("arm/v7", "armv7l")],
)
def test_machine_is_what_uname_prints(text: str, machine: str) -> None:
    assert Platform.parse(text).machine == machine
