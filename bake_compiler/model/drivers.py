"""What is known of each builder driver of buildx."""


def in_engine(driver: str, endpoint: str) -> bool:
    """Whether a node's BuildKit runs in the engine that docker itself uses, so on that one's machine."""
    is_here = endpoint in {"", "default"} or endpoint.startswith("unix://")
    return driver in {"docker", "docker-container"} and is_here
