# One static program, and nothing it could be attacked with.
#
#   docker build --build-arg VERSION=1.2.3 --build-arg COMMIT="$(git rev-parse HEAD)" -t tributary .
#   docker run --read-only --cap-drop ALL -p 8080:8080 -p 127.0.0.1:8081:8081 tributary

# A mirror's image, or one pinned by its digest, does as well.
ARG GO_IMAGE=golang:1.26

# The compiler runs on the builder's own platform, whatever the target.
FROM --platform=$BUILDPLATFORM ${GO_IMAGE} AS build
WORKDIR /src

# Modules first: they change less often than the code.
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod \
    go mod download

COPY . .
ARG VERSION=dev
ARG COMMIT=unknown
ARG TARGETOS
ARG TARGETARCH
# grpcnotrace leaves out gRPC's trace page, which makes the linker keep every
# exported method: 22 MB instead of 32. Time zones are in the program already, by
# an import of time/tzdata.
RUN --mount=type=cache,target=/go/pkg/mod \
    --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -tags grpcnotrace \
      -ldflags="-s -w -X tributary/cmd/tributary/app.buildVersion=$VERSION -X tributary/cmd/tributary/app.buildCommit=$COMMIT" \
      -o /out/tributary ./cmd/tributary

FROM scratch
ARG VERSION=dev
ARG COMMIT=unknown
LABEL org.opencontainers.image.title="Tributary" \
      org.opencontainers.image.description="A REST gateway: one stable endpoint where the world has many unstable upstreams" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$COMMIT"

COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/tributary /tributary

# Loopback would be the container's own, where nothing could scrape it.
# Publish 8081 to operators only.
ENV ADMIN_ADDR=:8081
# Neither has credentials of its own.
ENV CONSOLE=off PPROF=off
EXPOSE 8080 8081

# By number, so that Kubernetes can tell that it is not root.
USER 65532:65532
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 CMD ["/tributary", "health"]
ENTRYPOINT ["/tributary"]
