"""What a Hub knows: who holds which token, and repositories with their history."""

import hashlib
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

BIG = (".safetensors", ".bin", ".pt", ".pkl", ".gguf")


@dataclass(frozen=True)
class Token:
    """What somebody may do with a token."""

    user: str
    role: str | None = "write"
    """read, write, fineGrained; None for a visitor signed in by OAuth."""
    scoped: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    """Kind and name of an entity, and the permissions there; of a fineGrained token."""
    orgs: tuple[tuple[str, str], ...] = ()
    """Name and role of organisations."""

    def may_write(self, repo_id: str) -> bool:
        namespace = repo_id.split("/")[0]
        member = namespace == self.user or dict(self.orgs).get(namespace) in ("admin", "write", "contributor")
        if self.role != "fineGrained":
            return member and self.role != "read"
        return member and any(
            "repo.write" in permissions and name in (namespace, repo_id) for _, name, permissions in self.scoped
        )

    def may_read(self, repo_id: str) -> bool:
        namespace = repo_id.split("/")[0]
        return namespace == self.user or namespace in dict(self.orgs)


@dataclass
class Commit:
    oid: str
    files: dict[str, bytes]
    title: str


@dataclass
class Repo:
    private: bool = False
    gated: bool = False
    disabled: bool = False
    card: dict[str, Any] = field(default_factory=dict)
    commits: dict[str, Commit] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    plain: set[str] = field(default_factory=set)
    """Names that are no LFS files although they look so."""

    def find(self, revision: str) -> Commit | None:
        oid = self.branches.get(revision) or self.tags.get(revision)
        found = [commit for key, commit in self.commits.items() if len(revision) >= 7 and key.startswith(revision)]
        return self.commits[oid] if oid else found[0] if len(found) == 1 else None

    def commit(self, files: Mapping[str, bytes], title: str = "commit") -> str:
        """Put a commit onto main whose files are exactly these."""
        seed = f"{title}{sorted((name, sha1(body)) for name, body in files.items())}{self.branches}{len(self.commits)}"
        oid = sha1(seed.encode())
        self.commits[oid] = Commit(oid, dict(files), title)
        self.branches["main"] = oid
        return oid

    def is_big(self, name: str, size: int) -> bool:
        return name not in self.plain and (name.endswith(BIG) or size > 10_000_000)


@dataclass
class Fault:
    """Something that goes wrong when a request fits."""

    path: str
    """Regular expression that is searched for in `METHOD /path`."""
    kind: str
    """status, redirect, pause, headers, truncate, slow, drip, endless, stall, etag, bytes, drop, echo."""
    value: Any = None
    times: int = 10**9


def sha1(body: bytes) -> str:
    return hashlib.sha1(body).hexdigest()


def blob_oid(body: bytes) -> str:
    return sha1(b"blob %d\0" % len(body) + body)


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


class HubState:
    """Everything that a request is answered from."""

    url: str
    storage: str
    """Another host as far as a browser or client can tell."""

    def __init__(self) -> None:
        self.tokens: dict[str, Token] = {}
        self.repos: dict[str, Repo] = {}
        self.moved: dict[str, str] = {}
        self.lfs: dict[str, bytes] = {}
        self.faults: list[Fault] = []
        self.extra_entries: list[dict[str, Any]] = []
        """Put into every tree."""
        self.requests: list[tuple[str, str, str | None]] = []
        """Method, path and token of everything asked for."""
        self.taken = 0
        """Bytes of an endless answer that the client took."""
        self.before_commit: Callable[[], object] | None = None
        self.lock = threading.RLock()

    def add(self, repo_id: str, files: Mapping[str, bytes], **options: Any) -> str:
        """Make a repository with one commit; returns the commit."""
        self.repos[repo_id] = Repo(**options)
        return self.repos[repo_id].commit(files)

    def head(self, repo_id: str) -> Commit:
        repo = self.repos[repo_id]
        return repo.commits[repo.branches["main"]]

    def asked(self, pattern: str) -> int:
        """How many requests fit a regular expression."""
        return sum(bool(re.search(pattern, f"{method} {path}")) for method, path, _ in self.requests)
