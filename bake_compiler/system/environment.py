"""What of the environment docker and its helpers get to see; all else stays out of a build."""

from collections.abc import Mapping

BUILDX_BUILDER = "BUILDX_BUILDER"
"""The builder that docker is to use, by name."""
KEPT = frozenset(
    [
        "PATH",
        "HOME",
        "USER",
        "LOGNAME",
        "TMPDIR",
        "LANG",
        "LC_ALL",
        "SSH_AUTH_SOCK",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "XDG_CONFIG_HOME",
        "XDG_RUNTIME_DIR",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
        "ALL_PROXY",
        "http_proxy",
        "https_proxy",
        "no_proxy",
        "all_proxy",
        "DOCKER_HOST",
        "DOCKER_CONFIG",
        "DOCKER_CONTEXT",
        "DOCKER_CERT_PATH",
        "DOCKER_TLS_VERIFY",
        "DOCKER_API_VERSION",
        BUILDX_BUILDER,
        "BUILDX_CONFIG",
        "KUBECONFIG",
    ]
)
KEPT_PREFIXES = ("AWS_", "AZURE_", "GOOGLE_", "CLOUDSDK_")
"""What credential helpers of registries read."""


def using(env: Mapping[str, str], builder: str) -> Mapping[str, str]:
    """The same, where docker uses a builder; a BUILDX_BUILDER that somebody set goes before it."""
    return env if env.get(BUILDX_BUILDER) else {**env, BUILDX_BUILDER: builder}


def is_kept(name: str) -> bool:
    """Whether docker gets to see a variable of this name."""
    return name in KEPT or name.startswith(KEPT_PREFIXES)
