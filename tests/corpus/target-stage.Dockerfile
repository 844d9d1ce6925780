FROM registry.example/debian:12 AS base
FROM base AS test
COPY --from=registry.example/tool:1 / /
FROM registry.example/nothing:1 AS last
COPY --from=test / /
