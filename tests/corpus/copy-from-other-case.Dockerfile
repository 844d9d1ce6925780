FROM registry.example/golang:1.25 AS Build
FROM scratch
COPY --from=BUILD /app /app
