ARG GO=1.24
FROM registry.example/golang:${GO}
