# One image, one binary. Build: docker build -t mentara .
# Run behind a TLS proxy:
#   docker run -v mentara:/data -p 8080:8080 -p 7881:7881/udp -p 7881:7881/tcp mentara \
#     serve --listen :8080 --behind-proxy --public-url https://call.example.org
FROM node:20-bookworm-slim AS web
WORKDIR /src/web
COPY web/package.json web/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY web ./
COPY api/openapi.json ../api/openapi.json
RUN npm run build

FROM golang:1.26-bookworm AS go
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
COPY --from=web /src/web/dist web/dist
ARG VERSION=dev
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$VERSION" -o /mentara ./cmd/mentara

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=go /mentara /mentara
VOLUME /data
ENV MENTARA_DATA=/data
EXPOSE 8080 7881/udp 7881/tcp
ENTRYPOINT ["/mentara"]
CMD ["serve"]
