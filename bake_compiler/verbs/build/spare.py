"""The images that need not be built: the resumed run built them, or the registry has them from the same inputs."""

from collections.abc import Collection, Mapping, Sequence

from bake_compiler.inputs.image import content_tag
from bake_compiler.runs.asked import Asked
from bake_compiler.verbs.build.images import Images
from bake_compiler.verbs.build.present import find_present
from bake_compiler.verbs.build.resume import keep
from bake_compiler.verbs.doctor.result import Preflight
from bake_compiler.verbs.release.show import refuse_protected


async def spare(
    images: Images, found: Preflight, *, rebuild: bool, resumes: Asked | None, protect: Sequence[str]
) -> frozenset[str]:
    """Return the images that can be skipped, and set the content tag of the others in their records.

    Args:
        images: the images of the run. The records of skipped images get their results.
        found: the result of the preflight.
        rebuild: whether to build images again that the registry has from the same inputs.
        resumes: the run that this one resumes, if any.
        protect: patterns of tags that never move once they exist.

    Raises:
        VerificationError: a protected tag points to another image.
        RegistryError: the registry does not say where a protected tag points.
    """
    records = images.records
    done = await _kept(images, found, resumes)
    tags = _content_tags(images, found, done)
    for name in records.keys() - done:
        records[name].content_tag = tags.get(name, images.run.staging)
    if not rebuild:
        done |= await find_present(images, tags)
    if images.run.push:
        names = {tag: digest for record in records.values() for tag, digest in record.named.items()}
        await refuse_protected(images.edges.registry, names, protect)
    return done


async def _kept(images: Images, found: Preflight, resumes: Asked | None) -> frozenset[str]:
    if not resumes or not images.run.push:  # an image that was only loaded may be gone
        return frozenset()
    return await keep(resumes, images, found.made)


def _content_tags(images: Images, found: Preflight, done: Collection[str]) -> Mapping[str, str]:
    """Return image → content tag, for images that are not done and whose inputs are all known."""
    if not images.run.push:
        return {}
    made, digests, variables = found.made, found.bases.digests, images.run.variables
    todo = [record.image for name, record in images.records.items() if name not in done]
    tags = {image.name: content_tag(image, made[image.name], variables, digests) for image in todo}
    return {name: tag for name, tag in tags.items() if tag}
