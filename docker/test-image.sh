#!/usr/bin/env bash
# Build a local image of the same OpenSearch that the embedded node runs, without any registry of images:
# a Debian base from its packages, and the artifacts of opensearch/node/lock.json.
# Closed: TLS by an authority of the image's own (config/root-ca.pem), the user admin with the password of
# OPENSEARCH_INITIAL_ADMIN_PASSWORD; open with DISABLE_SECURITY_PLUGIN=true.
# Usage: docker/test-image.sh [NAME:TAG]      needs root, mmdebstrap, a running Docker engine and .venv
set -euo pipefail
cd "$(dirname "$0")/.."
name=${1:-clipseek-opensearch:2.19.1-closed}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if ! docker image inspect clipseek-base:bookworm-curl >/dev/null 2>&1; then
  mmdebstrap --quiet --variant=apt --include=openjdk-17-jre-headless,ca-certificates,curl bookworm "$work/base.tar"
  docker import "$work/base.tar" clipseek-base:bookworm-curl >/dev/null
  rm "$work/base.tar"
fi
home=$(.venv/bin/python -m clipseek.opensearch.node.assemble "$work/config")
cp -rL "$home" "$work/opensearch"
cp docker/test-entrypoint.sh "$work/entrypoint.sh"
chmod 755 "$work/entrypoint.sh"
cat >"$work/Dockerfile" <<'D'
FROM clipseek-base:bookworm-curl
COPY opensearch /usr/share/opensearch
COPY config /usr/share/opensearch/config
COPY entrypoint.sh /entrypoint.sh
RUN useradd --uid 1000 opensearch && mkdir -p /usr/share/opensearch/data /usr/share/opensearch/logs \
 && chown -R opensearch /usr/share/opensearch/config /usr/share/opensearch/data /usr/share/opensearch/logs
USER opensearch
EXPOSE 9200
ENTRYPOINT ["/entrypoint.sh"]
D
DOCKER_BUILDKIT=0 docker build --quiet --tag "$name" "$work"
