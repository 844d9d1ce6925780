"""What the oldest and the newest buildx ask of a cluster for a described builder; that pods come of it is not seen."""

import os
from pathlib import Path

import pytest

from bake_compiler import Builder, Node
from bake_compiler.buildx.tools import Tools
from bake_compiler.errors import PreflightError
from bake_compiler.system import process
from tests.fakes.cluster import Cluster
from tests.fakes.reading import BUILDX
from tests.fakes.wire import serve
from tests.unit.verbs.builder.test_builders import KUBECONFIG, Rig

pytestmark = pytest.mark.buildx

DEPLOYMENTS = "/apis/apps/v1/namespaces/build/deployments"
CONFIGS = "/api/v1/namespaces/build/configmaps"


@pytest.mark.parametrize("which", BUILDX)
def test_a_cluster_is_asked_for_pods_as_described_and_to_remove_them(which: str, tmp_path: Path) -> None:
    cluster = Cluster()
    builder = Builder(
        name="acme",
        driver="kubernetes",
        nodes=tuple(
            Node(platforms=(name,), options={"nodeselector": f"kubernetes.io/arch={name}"})
            for name in ("amd64", "arm64")
        ),
        options={"replicas": "2", "requests.memory": "4Gi"},
        mirrors={"docker.io": ("mirror.example",)},
    )
    with serve(cluster.respond) as place:
        (tmp_path / "kubeconfig").write_text(KUBECONFIG.replace("127.0.0.1:1", place))
        env = process.scrubbed(os.environ) | {
            "BUILDX_CONFIG": str(tmp_path / "buildx"),
            "DOCKER_CONFIG": str(tmp_path / "docker"),
            "KUBECONFIG": str(tmp_path / "kubeconfig"),
        }
        rig = Rig(Tools(process.run, tmp_path, env, (os.environ[BUILDX[which][1]],)), tmp_path)
        with pytest.raises(PreflightError, match=r"builder acme is made, and does not start: .*no .*pod"):
            rig.up(builder, bootstrap=True)

        for name, architecture in (("acme0", "amd64"), ("acme1", "arm64")):
            deployment = cluster.kept[f"{DEPLOYMENTS}/{name}"]
            assert pair("kubernetes.io/arch", architecture) in deployment
            assert pair("buildx.docker.com/platform", f"linux/{architecture}") in deployment
            assert b"4Gi" in deployment
            assert b'mirrors = ["mirror.example"]' in cluster.kept[f"{CONFIGS}/{name}-config"]

        rig.down(builder)
        assert cluster.kept == {}


def pair(key: str, value: str) -> bytes:
    """An entry of a map, in protobuf."""
    return b"".join(tag + bytes([len(text)]) + text.encode() for tag, text in ((b"\n", key), (b"\x12", value)))
