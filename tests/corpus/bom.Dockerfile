FROM registry.example/debian:12
COPY --from=registry.example/tool:1 / /
