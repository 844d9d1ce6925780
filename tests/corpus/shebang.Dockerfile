#!/usr/bin/env -S docker buildx build -f
FROM registry.example/debian:12
