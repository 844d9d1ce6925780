FROM scratch AS empty
COPY Dockerfile /
FROM --platform=$BUILDPLATFORM scratch
COPY --from=empty / /
