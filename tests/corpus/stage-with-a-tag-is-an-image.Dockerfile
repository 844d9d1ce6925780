FROM registry.example/debian:12 AS tool
FROM registry.example/tool:1
COPY --from=tool / /
