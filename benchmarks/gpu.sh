#!/usr/bin/env bash
# What clipseek does on a GPU, in at most eight minutes, on a bare machine with one NVIDIA card and no network; one JSON comes out.
#
#   benchmarks/gpu.sh [OUT.json] [--tiny] [--only PART] [--minutes N]
#
# $PYTHON (python3) must have torch and pip. Wheels in $WHEELS (benchmarks/wheels; `make gpu-wheels` fetches them) are unpacked
# into a folder of their own and go before what that Python has, so that a transformers that is too new there does not matter;
# a wheel may lie there in pieces (NAME.whl.00, NAME.whl.01, ...), which are joined. Without wheels all comes from $PYTHON itself.
# gpu/run.py lists the parts. Each is a process of its own; one that fails leaves its error in the JSON and costs no other.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
python=${PYTHON:-python3}
wheels=${WHEELS:-$here/wheels}
export TOKENIZERS_PARALLELISM=false HF_HUB_OFFLINE=1 PYTHONUNBUFFERED=1

if compgen -G "$wheels/*.whl*" >/dev/null; then
  site=$(mktemp -d)
  trap 'rm -rf "$site"' EXIT
  mkdir "$site/joined" "$site/packages"
  for first in "$wheels"/*.whl.00; do
    [ -e "$first" ] || continue
    name=${first%.00}
    cat "$name".[0-9][0-9] >"$site/joined/$(basename "$name")"
  done
  for wheel in "$wheels"/*.whl; do [ ! -e "$wheel" ] || ln -s "$wheel" "$site/joined/"; done
  "$python" -m pip install --quiet --no-index --no-deps --no-compile --no-cache-dir --target "$site/packages" "$site"/joined/*.whl
  # This checkout's own code rather than a wheel of it that may be older.
  "$python" -m pip install --quiet --no-index --no-deps --no-build-isolation --no-compile --upgrade --target "$site/packages" "$root" ||
    echo "the checkout was not installed; the wheel's clipseek runs" >&2
  # The demo's pictures and base ship with the repository, not with the package.
  [ -e "$site/packages/clipseek/demo/data" ] || ln -s "$root/demo/data" "$site/packages/clipseek/demo/data"
  export PYTHONPATH=$site/packages${PYTHONPATH:+:$PYTHONPATH}
fi

# CUDA's libraries as pip packages lie beside torch, where an onnxruntime in another folder does not look.
libraries=$("$python" - <<'P'
import importlib.util
from pathlib import Path

folders = []
for name in ("nvidia", "tensorrt_libs"):
    spec = importlib.util.find_spec(name)
    for home in (spec.submodule_search_locations or []) if spec else []:
        folders += {path.parent for path in Path(home).rglob("lib*.so*")}
print(":".join(sorted(map(str, folders))))
P
)
export LD_LIBRARY_PATH=$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}

"$python" "$here/gpu/run.py" "$@"
