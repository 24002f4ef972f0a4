#!/usr/bin/env bash
# Build the image clipseek from packages alone, without any registry of images: a Debian base from its packages, and wheels that pip
# fetches here. With a registry: docker build -f docker/Dockerfile -t clipseek .
# Usage: docker/build-image.sh [NAME:TAG]      needs root, mmdebstrap, a running Docker engine and Python 3.11
set -euo pipefail
cd "$(dirname "$0")/.."
name=${1:-clipseek:latest}
python=${PYTHON:-python3.11}
extras=${EXTRAS:-web}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if ! docker image inspect clipseek-python:bookworm >/dev/null 2>&1; then
  mmdebstrap --quiet --variant=minbase --include=python3,python3-venv,ca-certificates \
    --customize-hook='rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*' bookworm "$work/base.tar"
  docker import "$work/base.tar" clipseek-python:bookworm >/dev/null
  rm "$work/base.tar"
fi
git ls-files -z | tar --null --files-from=- --create | tar --extract --directory "$work"
"$python" -m venv "$work/fetch"   # Debian's python3 has no pip of its own
"$work/fetch/bin/pip" --disable-pip-version-check wheel --quiet --wheel-dir "$work/wheels" --constraint constraints.txt \
  "$work[certificates,$extras]" "setuptools>=77" wheel
rm -rf "$work/build" "$work/fetch"
sed -i '/^wheels/d' "$work/.dockerignore"
DOCKER_BUILDKIT=0 docker build --quiet --network none --tag "$name" --file "$work/docker/Dockerfile" \
  --build-arg BASE=clipseek-python:bookworm --build-arg EXTRAS="$extras" --build-arg PIP="--no-index --find-links wheels" "$work"
