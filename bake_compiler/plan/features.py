"""The buildx version that introduced each feature: the table for `Project(buildx=">=…")`.

An older buildx silently ignores an unknown attribute of a target, and refuses an unknown attribute of a variable.

Source: buildx release notes; bake reference; measured with 0.13.1 and 0.29.1.
"""

from collections.abc import Mapping

from bake_compiler.model.project import Version

DESCRIPTION: Version = (0, 16)
SUPERSET: Version = (0, 20)
"""From this version on, a linked image may have more platforms than the image that uses it."""

SINCE: Mapping[str, Version] = {
    "call": (0, 16),
    "entitlements": (0, 17),
    "network": (0, 17),
    "validation": (0, 19),
    "type": (0, 24),
    "extra_hosts": (0, 25),
}
"""Field of a model → the buildx version that introduced it. Fields that are not listed exist since 0.13."""
