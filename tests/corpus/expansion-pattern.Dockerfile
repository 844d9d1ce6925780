ARG TAG=v1.25.3-rc1
FROM registry.example/golang:${TAG#v} AS a
FROM registry.example/tool:${TAG%%-*} AS b
FROM registry.example/tool:${TAG%-*}-x AS c
FROM registry.example/tool:${TAG/rc/beta}
COPY --from=a / /
COPY --from=b / /
COPY --from=c / /
