FROM registry.example/node:22 AS node
FROM node
COPY --from=node /a /b
