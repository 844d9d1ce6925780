"""What an image is made from: the digest of all its inputs."""
