"""What came in which buildx: the table behind `Project(buildx=">=…")`.

An older buildx drops a target attribute that it does not know in silence, and refuses one of a variable.
Source: buildx release notes; bake reference; measured with 0.13.1 and 0.29.1.
"""

from collections.abc import Mapping

from bake_compiler.model.project import Version

DESCRIPTION: Version = (0, 16)
SUPERSET: Version = (0, 20)
"""From here on a linked image may have more platforms than its user."""

SINCE: Mapping[str, Version] = {
    "call": (0, 16),
    "entitlements": (0, 17),
    "network": (0, 17),
    "validation": (0, 19),
    "type": (0, 24),
    "extra_hosts": (0, 25),
}
"""Field of a model → the buildx that brought it; what is not here was there in 0.13."""
