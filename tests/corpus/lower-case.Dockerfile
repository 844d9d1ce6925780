arg tag=12
from registry.example/debian:$tag as a
run true
from registry.example/alpine:3.22
copy --from=a / /
