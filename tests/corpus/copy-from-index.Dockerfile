FROM registry.example/golang:1.25
RUN go build
FROM registry.example/node:22
RUN npm ci
FROM scratch
COPY --from=0 /app /app
COPY --from=1 /dist /dist
