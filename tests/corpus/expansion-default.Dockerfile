ARG NONE
ARG EMPTY=
FROM registry.example/debian:${NONE:-12} AS a
FROM registry.example/debian:${EMPTY:-13} AS b
FROM registry.example/tool:${UNDECLARED:-1}
COPY --from=a / /
COPY --from=b / /
