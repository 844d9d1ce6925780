FROM registry.example/debian:12 AS base
FROM base AS base
RUN true
FROM registry.example/alpine:3.22
COPY --from=base / /
