"""The environment variables that docker and its helpers get. All other variables stay out of a build."""

from collections.abc import Mapping

BUILDX_BUILDER = "BUILDX_BUILDER"
"""The variable that names the builder that docker uses."""
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
"""Prefixes of the variables that credential helpers of registries read."""


def using(env: Mapping[str, str], builder: str) -> Mapping[str, str]:
    """Return `env` with the builder added. If BUILDX_BUILDER is already set, its value stays."""
    return env if env.get(BUILDX_BUILDER) else {**env, BUILDX_BUILDER: builder}


def is_kept(name: str) -> bool:
    """Whether docker gets a variable of this name."""
    return name in KEPT or name.startswith(KEPT_PREFIXES)
