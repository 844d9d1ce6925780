"""A Kubernetes cluster as buildx's driver asks it: it keeps what it is given, and no pod ever comes of it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.wire import Reply, Request

_NAME = re.compile(rb"acme[a-z0-9-]+")
_REPLICAS = 2


@dataclass
class Cluster:
    """What it keeps.

    Attributes:
        kept: path of the API → the document there, as it came.
    """

    kept: dict[str, bytes] = field(default_factory=dict)

    def respond(self, request: Request) -> Reply:
        """Answer one request; for builders whose name begins with acme."""
        match request.method:
            case "POST" if found := _NAME.search(request.body):
                self.kept[f"{request.path}/{found[0].decode()}"] = request.body
                return Reply(201, _headers("application/vnd.kubernetes.protobuf", request.body), request.body)
            case "DELETE" if self.kept.pop(request.path, None):
                return _reply(200, {"kind": "Status", "status": "Success"})
            case "GET" if request.path in self.kept:
                selector = {"matchLabels": {"app": "acme"}}
                status = {"readyReplicas": _REPLICAS}
                return _reply(200, {"kind": "Deployment", "spec": {"selector": selector}, "status": status})
            case "GET" if request.path.endswith("/pods"):
                return _reply(200, {"kind": "PodList", "metadata": {}, "items": []})
            case _:
                return _reply(404, {"kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404})


def _reply(status: int, document: Mapping[str, Any]) -> Reply:
    version = "apps/v1" if document["kind"] == "Deployment" else "v1"
    body = json.dumps({"apiVersion": version, **document}).encode()
    return Reply(status, _headers("application/json", body), body)


def _headers(kind: str, body: bytes) -> Mapping[str, str]:
    return {"Content-Type": kind, "Content-Length": str(len(body))}
