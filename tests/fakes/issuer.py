"""A token server whose tokens a real registry believes.

Source: distribution, "Token Authentication Implementation"; a token is signed with openssl.
"""

import base64
import json
import ssl
import subprocess
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.fakes.certificates import Pair
from tests.fakes.guards import user_of
from tests.fakes.wire import Reply, Request


@dataclass
class Issuer:
    """It gives a token with all rights to whoever it knows, and to readers one to pull.

    Attributes:
        pair: what it signs with; the registry trusts the certificate.
        users: name → password.
        readers: those of them who may only pull.
        lifetime: seconds of a token; the registry forgives 60 more.
        given: scopes, in the order of asking.
    """

    pair: Pair
    users: Mapping[str, str]
    readers: frozenset[str] = frozenset()
    lifetime: int = 300
    given: list[str] = field(default_factory=list)

    def respond(self, request: Request) -> Reply:
        """The answer to a question for a token."""
        user = user_of(request.headers.get("authorization", ""), self.users)
        if not user:
            return Reply(401, body=b"{}")
        scope = request.query.get("scope", "")
        self.given.append(scope)
        document = {"token": self._token(user, scope, request.query["service"]), "expires_in": self.lifetime}
        return Reply(200, {"Content-Type": "application/json"}, json.dumps(document).encode())

    def _token(self, user: str, scope: str, service: str) -> str:
        now = int(time.time())
        certificate = ssl.PEM_cert_to_DER_cert(self.pair.certificate.read_text())
        head = {"typ": "JWT", "alg": "RS256", "x5c": [base64.b64encode(certificate).decode()]}
        claims = {
            "iss": "tests",
            "sub": user,
            "aud": service,
            "exp": now + self.lifetime,
            "nbf": now - 60,
            "iat": now,
            "jti": uuid.uuid4().hex,
            "access": [_access(each, reads=user in self.readers) for each in scope.split()],
        }
        signed = f"{_encoded(json.dumps(head).encode())}.{_encoded(json.dumps(claims).encode())}"
        sign = ("openssl", "dgst", "-sha256", "-sign", str(self.pair.key))
        signature = subprocess.run(sign, input=signed.encode(), capture_output=True, check=True).stdout
        return f"{signed}.{_encoded(signature)}"


def _access(scope: str, *, reads: bool) -> dict[str, object]:
    kind, _, rest = scope.partition(":")
    name, _, actions = rest.rpartition(":")
    given = [action for action in actions.split(",") if action == "pull" or not reads]
    return {"type": kind, "name": name, "actions": given}


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
