"""The checks of indexes, manifests and configs.

Each check has one file and one finding code, and is a pure function.
"""

from collections.abc import Callable

from bake_compiler.oci.snapshot import Snapshot
from bake_compiler.verify.finding import Finding
from bake_compiler.verify.manifests.absent import check_absent
from bake_compiler.verify.manifests.annotation import check_annotation
from bake_compiler.verify.manifests.attestation import check_attestation
from bake_compiler.verify.manifests.digest import check_digest
from bake_compiler.verify.manifests.label import check_label
from bake_compiler.verify.manifests.malformed import check_malformed
from bake_compiler.verify.manifests.media_type import check_media_type
from bake_compiler.verify.manifests.missing import check_missing
from bake_compiler.verify.manifests.not_an_index import check_not_an_index
from bake_compiler.verify.manifests.over_limit import check_over_limit
from bake_compiler.verify.manifests.platform_duplicate import check_platform_duplicate
from bake_compiler.verify.manifests.platform_extra import check_platform_extra
from bake_compiler.verify.manifests.platform_lie import check_platform_lie
from bake_compiler.verify.manifests.platform_missing import check_platform_missing
from bake_compiler.verify.manifests.platform_unknown import check_platform_unknown
from bake_compiler.verify.manifests.provenance import check_provenance
from bake_compiler.verify.manifests.same_manifest import check_same_manifest
from bake_compiler.verify.manifests.size import check_size
from bake_compiler.verify.manifests.tags_differ import check_tags_differ
from bake_compiler.verify.manifests.unchecked import check_unchecked
from bake_compiler.verify.manifests.wrong_bytes import check_wrong_bytes
from bake_compiler.verify.promise import Promise

Check = Callable[[Promise, Snapshot], tuple[Finding, ...]]

CHECKS: tuple[Check, ...] = (
    check_absent,
    check_unchecked,
    check_over_limit,
    check_malformed,
    check_not_an_index,
    check_digest,
    check_tags_differ,
    check_platform_missing,
    check_platform_extra,
    check_platform_duplicate,
    check_platform_unknown,
    check_platform_lie,
    check_same_manifest,
    check_missing,
    check_wrong_bytes,
    check_size,
    check_media_type,
    check_label,
    check_annotation,
    check_attestation,
    check_provenance,
)
