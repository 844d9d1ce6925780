FROM registry.example/debian:12
COPY <<Dockerfile /Dockerfile
FROM registry.example/nothing:1
COPY --from=registry.example/nothing:2 / /
Dockerfile
COPY --from=registry.example/tool:1 /tool /tool
