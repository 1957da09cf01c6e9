#!/usr/bin/env bash
# Writes constraints.txt: every package that requirements.txt and tests/requirements.txt bring along, with its version,
# and tests/hashes.txt: the same with the hashes of all files of each, without PyTorch.
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
compile() {
    "$tool/bin/uv" pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate --no-emit-options \
        "${cuda[@]}" "$@" requirements.txt tests/requirements.txt
}
compile "$@" --output-file "$tool/constraints.txt"
cp "$tool/constraints.txt" "$tool/hashes.txt"
compile --generate-hashes --no-emit-package torch --output-file "$tool/hashes.txt"
cat - "$tool/constraints.txt" >constraints.txt <<'HEAD'
# Written by `bash tests/lock.sh` from requirements.txt and tests/requirements.txt; not edited by hand.
# All versions, on every platform, that an installation of today brings along:
#
#   pip install -c constraints.txt -r requirements.txt
#
# Without hashes, which stand in tests/hashes.txt: one of them in a constraint makes pip demand one for every package,
# and PyTorch has several builds of one version (CPU, CUDA, ROCm), of which a platform gets one. What a CUDA build
# brings along is pinned by PyTorch.
HEAD
cat - "$tool/hashes.txt" >tests/hashes.txt <<'HEAD'
# Written by `bash tests/lock.sh`; not edited by hand. The versions of constraints.txt with the hashes of every file that
# the package index has of them, for an installation in which each file is checked; PyTorch comes first, by itself:
#
#   pip install -c constraints.txt torch==2.13.0
#   pip install --no-deps --require-hashes -r tests/hashes.txt
HEAD
