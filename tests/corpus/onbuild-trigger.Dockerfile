FROM registry.example/node:22 AS base
ONBUILD COPY --from=registry.example/tool:1 /tool /tool
FROM base
