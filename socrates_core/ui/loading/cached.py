"""The models in the Hub's cache on this machine, which can be loaded without a connection."""

from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import CacheNotFound, scan_cache_dir

from socrates_core.study.files import data_size


@dataclass(frozen=True)
class CachedModel:
    """A model whose weights are in the cache."""

    repo_id: str
    size: int
    """Bytes of its safetensors."""

    @property
    def label(self) -> str:
        """Its entry in a menu."""
        return f"{self.repo_id} · on this machine, {data_size(self.size)}"


def cached_models(cache: Path | None = None) -> list[CachedModel]:
    """The complete models in the cache, by name; adapters and data sets are left out.

    Args:
        cache: The Hub's cache; that of this machine when None.
    """
    try:
        repos = scan_cache_dir(cache).repos
    except (CacheNotFound, OSError, ValueError):
        return []
    found = []
    for repo in repos:
        if repo.repo_type != "model":
            continue
        for revision in sorted(repo.revisions, key=lambda one: one.last_modified, reverse=True):
            sizes = {file.file_name: file.size_on_disk for file in revision.files}
            weights = sum(size for name, size in sizes.items() if name.endswith(".safetensors"))
            if weights and "config.json" in sizes and "adapter_config.json" not in sizes:
                found.append(CachedModel(repo.repo_id, weights))
                break
    return sorted(found, key=lambda one: one.repo_id.casefold())
