"""Releases of the tests, and strategies for any."""

from hypothesis import strategies as st

from bake_compiler.oci.digest import Digest
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import Reference
from bake_compiler.release_file import SCHEMA, ReleasedBase, ReleasedImage, ReleasedPlatform, ReleaseFile

TIME = "2026-11-24T19:33:20Z"


def digest(text: str) -> Digest:
    return Digest.of(text.encode())


def platform(name: str, content: str, size: int = 1_000_000, tags: tuple[str, ...] = ()) -> ReleasedPlatform:
    return ReleasedPlatform(
        platform=Platform.parse(name),
        digest=digest(f"{content} {name}"),
        size=size,
        provenance=digest(f"of {content}"),
        tags=tuple(map(Reference.parse, tags)),
    )


def released(
    name: str, *tags: str, content: str = "", base: str = "busybox", sizes: tuple[int, ...] = ()
) -> ReleasedImage:
    """An image for amd64 and arm64; content gives its digests, and its own name is its content by default."""
    content = content or name
    architectures = zip(("amd64", "arm64"), sizes or (1_000_000, 2_000_000), strict=False)
    return ReleasedImage(
        name=name,
        repository=f"r.test/acme/{name}",
        tags=tuple(Reference.parse(f"r.test/acme/{name}:{tag}") for tag in tags or ("1.0-rc1",)),
        digest=digest(content),
        content_tag="staged-1",
        revision="0123abc",
        bases=(ReleasedBase(name="busybox:stable", digest=digest(base)),),
        platforms=tuple(platform(each, content, size) for each, size in architectures),
    )


def release(*images: ReleasedImage, tag: str = "1.0-rc1") -> ReleaseFile:
    return ReleaseFile(
        schema=SCHEMA,
        run="20261124T193000-1a2b3c",
        time=TIME,
        registry="r.test",
        tag=tag,
        covers=("all",),
        tools={"bakec": "1.0", "buildx": "0.29.1"},
        images=images,
    )


TEXTS = st.text(max_size=8)
DIGESTS = st.binary(max_size=3).map(Digest.of)
PLATFORMS = st.sampled_from(tuple(map(Platform.parse, ("amd64", "arm64", "arm/v6", "s390x"))))
platforms = st.builds(
    ReleasedPlatform,
    platform=PLATFORMS,
    digest=DIGESTS,
    size=st.integers(0, 1 << 40),
    provenance=st.none() | DIGESTS,
    tags=st.builds(lambda number: (Reference.parse(f"r.test/web:single-{number}"),), st.integers(0, 10**9))
    | st.just(()),
)
images = st.builds(
    ReleasedImage,
    name=st.text(min_size=1, max_size=8),
    repository=st.sampled_from(("r.test/web", "[::1]:5000/a/b", "docker.io/library/nginx")),
    tags=st.lists(
        st.sampled_from(("r.test/web:1", "r.test/web:latest", "r.test/api:1")).map(Reference.parse),
        min_size=1,
        unique=True,
    ).map(tuple),
    digest=DIGESTS,
    content_tag=TEXTS,
    revision=TEXTS,
    bases=st.lists(st.builds(ReleasedBase, name=TEXTS, digest=st.none() | DIGESTS), max_size=3).map(tuple),
    platforms=st.lists(
        platforms, min_size=1, unique_by=(lambda each: each.platform, lambda each: each.tags or each)
    ).map(tuple),
)
releases = st.builds(
    ReleaseFile,
    schema=st.just(SCHEMA),
    run=TEXTS,
    time=TEXTS,
    registry=TEXTS,
    tag=TEXTS,
    covers=st.lists(TEXTS, max_size=2).map(tuple),
    partial=st.booleans(),
    tools=st.dictionaries(TEXTS, TEXTS, max_size=2),
    images=st.lists(images, min_size=1, max_size=3, unique_by=lambda image: image.name).map(tuple),
)
