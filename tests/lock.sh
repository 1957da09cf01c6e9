#!/usr/bin/env bash
# Writes constraints.txt: every package that requirements.txt and tests/requirements.txt bring along, with its version.
#
#   bash tests/lock.sh [--upgrade]     keeps the versions that are there already; --upgrade takes the newest
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tool=$(mktemp -d)
trap 'rm -rf "$tool"' EXIT
python3 -m venv "$tool"
"$tool/bin/python" -m pip install --quiet --disable-pip-version-check uv==0.13.9

# what PyTorch's CUDA builds bring along is pinned by them, and absent from the others
cuda=()
for name in cuda-bindings cuda-pathfinder cuda-toolkit triton nvidia-cublas nvidia-cuda-cupti nvidia-cuda-nvrtc \
    nvidia-cuda-runtime nvidia-cudnn-cu13 nvidia-cufft nvidia-cufile nvidia-curand nvidia-cusolver nvidia-cusparse \
    nvidia-cusparselt-cu13 nvidia-nccl-cu13 nvidia-nvjitlink nvidia-nvshmem-cu13 nvidia-nvtx; do
    cuda+=(--no-emit-package "$name")
done

if [[ -f constraints.txt ]]; then
    cp constraints.txt "$tool/constraints.txt"
fi
"$tool/bin/uv" pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate --no-emit-options \
    "${cuda[@]}" "$@" requirements.txt tests/requirements.txt --output-file "$tool/constraints.txt"
cat - "$tool/constraints.txt" >constraints.txt <<'HEAD'
# Written by `bash tests/lock.sh` from requirements.txt and tests/requirements.txt; not edited by hand.
# All versions, on every platform, that an installation of today brings along:
#
#   pip install -c constraints.txt -r requirements.txt
#
# Without hashes: one of them in a constraint makes pip demand one for every package, and PyTorch has several builds of
# one version (CPU, CUDA, ROCm), of which a platform gets one. What a CUDA build brings along is pinned by PyTorch.
HEAD
