FROM --platform=$BUILDPLATFORM registry.example/golang:1.25 AS build
ARG TARGETARCH
RUN GOARCH=$TARGETARCH go build
FROM --platform=linux/amd64 registry.example/tool:1 AS tool
FROM --platform=$TARGETPLATFORM registry.example/debian:12
COPY --from=build /app /app
COPY --from=tool /tool /tool
