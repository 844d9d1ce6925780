ARG TAG=1
FROM registry.example/tool:$TAG AS a
ARG TAG=2
FROM registry.example/tool:$TAG-b
COPY --from=a / /
