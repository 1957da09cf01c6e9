"""The requests of huggingface_hub 2.4 to a Hub of models, each answered from what the Hub knows."""

import base64
import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import yaml

from tests.servers.hub_state import Commit, Fault, HubState, Repo, Token, blob_oid, sha1, sha256

PAGE = 3
"""Entries of one page of a tree: small, so that every client has to follow pages."""


class Refused(Exception):  # noqa: N818
    """An answer other than 2xx."""

    def __init__(self, status: int, message: str, code: str | None = None, headers: Mapping[str, str] | None = None):
        super().__init__(message)
        self.status, self.message, self.code, self.headers = status, message, code, headers or {}


Body = dict[str, Any] | list[Any] | bytes
Answer = tuple[int, Body, dict[str, str]]


class Request:
    """One request and its answer."""

    def __init__(
        self, hub: HubState, method: str, path: str, headers: Mapping[str, str], body: bytes, token: str | None
    ):
        self.hub, self.method, self.headers, self.body, self.token = hub, method, headers, body, token
        parts = urlsplit(path)
        self.path, self.query = parts.path, parse_qs(parts.query)

    def answer(self) -> Answer:
        for pattern, route in ROUTES:
            match = re.fullmatch(pattern, f"{self.method} {self.path}")
            if match:
                return route(self, **{name: unquote(value or "") for name, value in match.groupdict().items()})
        raise Refused(404, "Sorry, we can't find the page you are looking for.")

    def fail(self, fault: Fault) -> Answer:
        if fault.kind == "redirect":
            raise Refused(307, "moved", headers={"Location": f"{fault.value}{self.path}"})
        if fault.kind == "pause":
            raise Refused(429, "too many requests", headers={"Retry-After": str(fault.value)})
        raise Refused(fault.value, f"you sent {self.token}" if fault.kind == "echo" else "a fault on demand")

    # -- who asks

    def who(self) -> Token | None:
        if self.token is None:
            return None
        if self.token not in self.hub.tokens:
            raise Refused(401, "Invalid credentials in Authorization header")
        return self.hub.tokens[self.token]

    def repo(self, repo_id: str, write: bool = False) -> Repo:
        """The repository, for somebody who may see it, and with `write` change it."""
        who = self.who()
        if repo_id in self.hub.moved:
            there = self.path.replace(repo_id, self.hub.moved[repo_id])
            raise Refused(307, "moved", headers={"Location": f"{self.hub.url}{there}"})
        repo = self.hub.repos.get(repo_id)
        if repo is None or (repo.private and not (who and who.may_read(repo_id))):
            if who is None:
                raise Refused(401, "Invalid username or password.")
            raise Refused(404, "Repository not found", "RepoNotFound")
        if repo.disabled:
            raise Refused(403, "Access to this resource is disabled.")
        if write and not (who and who.may_write(repo_id)):
            if who is None:
                raise Refused(401, "Invalid username or password.")
            raise Refused(403, "Forbidden: you must use a write token to upload to a repository.")
        return repo

    def commit_of(self, repo: Repo, revision: str) -> Commit:
        commit = repo.find(revision or "main")
        if commit is None:
            raise Refused(404, f"Invalid rev id: {revision}", "RevisionNotFound")
        return commit

    def json(self) -> Any:
        return json.loads(self.body or b"{}")

    # -- accounts and repositories

    def whoami(self) -> Answer:
        who = self.who()
        if who is None:
            raise Refused(401, "Invalid username or password.")
        access: dict[str, Any] = {"displayName": "test", "role": who.role}
        if who.role == "fineGrained":
            scoped = [
                {"entity": {"_id": name, "type": kind, "name": name}, "permissions": list(permissions)}
                for kind, name, permissions in who.scoped
            ]
            access["fineGrained"] = {"canReadGatedRepos": True, "global": [], "scoped": scoped}
        auth = {"type": "access_token", "accessToken": access} if who.role else {"type": "oauth"}
        orgs = [{"type": "org", "name": name, "roleInOrg": role} for name, role in who.orgs]
        return 200, {"type": "user", "name": who.user, "orgs": orgs, "auth": auth}, {}

    def create(self) -> Answer:
        who, asked = self.who(), self.json()
        if who is None:
            raise Refused(401, "Invalid username or password.")
        repo_id = f"{asked.get('organization') or who.user}/{asked['name']}"
        if repo_id in self.hub.repos:
            raise Refused(409, "You already created this model repo")
        if not who.may_write(repo_id):
            raise Refused(403, f'You don\'t have the rights to create a model under the namespace "{repo_id}"')
        self.hub.add(
            repo_id, {".gitattributes": b"*.safetensors filter=lfs\n"}, private=asked.get("visibility") == "private"
        )
        return 200, {"url": f"{self.hub.url}/{repo_id}", "name": repo_id, "id": sha1(repo_id.encode())}, {}

    def validate(self) -> Answer:
        content = self.json()["content"]
        match = re.match(r"---\n(.*?)\n---\n", content, re.DOTALL)
        errors, warnings = [], []
        if match is None:
            warnings.append({"message": "empty or missing yaml metadata in repo card"})
        else:
            try:
                errors = card_errors(yaml.safe_load(match[1]))
            except yaml.YAMLError as error:
                errors = [{"message": str(error)}]
        return (400 if errors else 200), {"errors": errors, "warnings": warnings}, {}

    # -- reading

    def info(self, repo_id: str, revision: str = "") -> Answer:
        repo = self.repo(repo_id)
        commit = self.commit_of(repo, revision)
        blobs = "blobs" in self.query
        siblings = [
            {"rfilename": name, **(self._sized(repo, name, body) if blobs else {})}
            for name, body in sorted(commit.files.items())
        ]
        told = {
            "_id": sha1(repo_id.encode())[:24],
            "id": repo_id,
            "modelId": repo_id,
            "sha": commit.oid,
            "private": repo.private,
            "gated": "manual" if repo.gated else False,
            "disabled": False,
            "siblings": siblings,
            "tags": [],
            "cardData": repo.card,
        }
        return 200, told, {}

    def _sized(self, repo: Repo, name: str, body: bytes) -> dict[str, Any]:
        big = {"sha256": sha256(body), "size": len(body), "pointerSize": 134}
        return {"size": len(body), "blobId": blob_oid(body), **({"lfs": big} if repo.is_big(name, len(body)) else {})}

    def tree(self, repo_id: str, revision: str, folder: str = "") -> Answer:
        repo = self.repo(repo_id)
        commit = self.commit_of(repo, revision)
        entries: list[dict[str, Any]] = []
        for name, body in sorted(commit.files.items()):
            if "/" in name and self.query.get("recursive", ["False"])[0].lower() != "true":
                continue
            entry: dict[str, Any] = {"type": "file", "path": name, "size": len(body), "oid": blob_oid(body)}
            if repo.is_big(name, len(body)):
                entry["lfs"] = {"oid": sha256(body), "size": len(body), "pointerSize": 134}
            entries.append(entry)
        folders = sorted({name.rsplit("/", 1)[0] for name in commit.files if "/" in name})
        entries += [{"type": "directory", "path": name, "size": 0, "oid": sha1(name.encode())} for name in folders]
        entries += self.hub.extra_entries
        start = int(self.query.get("cursor", ["0"])[0])
        page, headers = entries[start : start + PAGE], {}
        if start + PAGE < len(entries):
            headers["Link"] = f'<{self.hub.url}{self.path}?recursive=True&cursor={start + PAGE}>; rel="next"'
        return 200, page, headers

    def refs(self, repo_id: str) -> Answer:
        repo = self.repo(repo_id)
        told = {
            "branches": [{"name": n, "ref": f"refs/heads/{n}", "targetCommit": c} for n, c in repo.branches.items()],
            "tags": [{"name": n, "ref": f"refs/tags/{n}", "targetCommit": c} for n, c in repo.tags.items()],
            "converts": [],
        }
        return 200, told, {}

    def resolve(self, repo_id: str, revision: str, name: str) -> Answer:
        repo = self.repo(repo_id)
        who = self.who()
        if repo.gated and not (who and who.may_read(repo_id)):
            told = f"Access to model {repo_id} is restricted and you are not in the authorized list."
            raise Refused(403 if who else 401, told, "GatedRepo")
        commit = self.commit_of(repo, revision)
        headers = {"X-Repo-Commit": commit.oid, "Accept-Ranges": "bytes"}
        body = commit.files.get(name)
        if body is None:
            raise Refused(404, "Entry not found", "EntryNotFound", headers)
        if not repo.is_big(name, len(body)):
            return self._ranged(body, {**headers, "ETag": f'"{blob_oid(body)}"'})
        self.hub.lfs[sha256(body)] = body
        headers |= {"X-Linked-Etag": f'"{sha256(body)}"', "X-Linked-Size": str(len(body)), "ETag": f'"{sha1(body)}"'}
        return 302, b"", {**headers, "Location": f"{self.hub.storage}/storage/{sha256(body)}?signature=abc"}

    def stored(self, oid: str) -> Answer:
        self._no_token_here()
        if oid not in self.hub.lfs:
            raise Refused(404, "NoSuchKey")
        return self._ranged(self.hub.lfs[oid], {"ETag": f'"{oid}"', "Accept-Ranges": "bytes"})

    def _ranged(self, body: bytes, headers: dict[str, str]) -> Answer:
        match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or "")
        if match is None:
            return 200, body, headers
        start = int(match[1])
        return 206, body[start:], {**headers, "Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}"}

    def _no_token_here(self) -> None:
        if self.token is not None:
            raise Refused(400, "InvalidArgument: Only one auth mechanism allowed")

    # -- writing

    def preupload(self, repo_id: str, revision: str) -> Answer:
        repo = self.repo(repo_id, write=True)
        head = self.commit_of(repo, revision)
        ignored = head.files.get(".gitignore", b"").decode().split()
        told = []
        for file in self.json()["files"]:
            name, body = file["path"], head.files.get(file["path"])
            big = repo.is_big(name, file["size"])
            oid = None if body is None else sha256(body) if big else blob_oid(body)
            mode = "lfs" if big else "regular"
            told.append({"path": name, "uploadMode": mode, "shouldIgnore": name in ignored, "oid": oid})
        return 200, {"files": told}, {}

    def batch(self, repo_id: str) -> Answer:
        self.repo(repo_id, write=True)
        objects = []
        for asked in self.json()["objects"]:
            told = {"oid": asked["oid"], "size": asked["size"]}
            if asked["oid"] not in self.hub.lfs:
                upload = {"href": f"{self.hub.storage}/storage/{asked['oid']}?signature=abc"}
                verify = {"href": f"{self.hub.url}/{repo_id}.git/info/lfs/verify"}
                told["actions"] = {"upload": upload, "verify": verify}
            objects.append(told)
        return 200, {"transfer": "basic", "objects": objects}, {}

    def store(self, oid: str) -> Answer:
        self._no_token_here()
        if sha256(self.body) != oid:
            raise Refused(400, "XAmzContentSHA256Mismatch")
        self.hub.lfs[oid] = self.body
        return 200, b"", {"ETag": f'"{oid}"'}

    def verify(self, repo_id: str) -> Answer:
        self.repo(repo_id, write=True)
        asked = self.json()
        if len(self.hub.lfs.get(asked["oid"], b"")) != asked["size"]:
            raise Refused(422, "The object is not there, or of another size")
        return 200, {}, {}

    def commit(self, repo_id: str, revision: str) -> Answer:
        if self.hub.before_commit is not None:
            happens, self.hub.before_commit = self.hub.before_commit, None
            happens()
        repo = self.repo(repo_id, write=True)
        head = self.commit_of(repo, revision)
        lines = [json.loads(line) for line in self.body.splitlines() if line.strip()]
        header = lines[0]["value"]
        if header.get("parentCommit") not in (None, head.oid):
            raise Refused(412, "A commit has happened since. Please refresh and try again.")
        files = dict(head.files)
        for line in lines[1:]:
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                if value["oid"] not in self.hub.lfs:
                    raise Refused(422, f"LFS pointer pointed to a file that does not exist: {value['path']}")
                files[value["path"]] = self.hub.lfs[value["oid"]]
            else:
                files.pop(value["path"], None)
        oid = repo.commit(files, header["summary"])
        url = f"{self.hub.url}/{repo_id}/commit/{oid}"
        return 200, {"success": True, "commitOid": oid, "commitUrl": url, "hookOutput": ""}, {}

    def tag(self, repo_id: str, revision: str) -> Answer:
        repo = self.repo(repo_id, write=True)
        name = self.json()["tag"]
        if name in repo.tags:
            raise Refused(409, f"Tag reference exists already: {name}")
        repo.tags[name] = self.commit_of(repo, revision).oid
        return 200, {}, {}


def card_errors(front: Any) -> list[dict[str, str]]:
    """What the Hub refuses in a model card's front matter."""
    if not isinstance(front, dict):
        return [{"message": "the metadata must be an object"}]
    errors = []
    base = front.get("base_model")
    if base is not None and not re.fullmatch(r"[\w.-]+/[\w.-]+", str(base)):
        errors.append(f'"base_model" with value "{base}" is not valid. Use a model id from https://hf.co/models.')
    if "license" in front and not isinstance(front["license"], str):
        errors.append('"license" must be a string')
    for index in front.get("model-index", []):
        for result in index["results"]:
            lacking = {"task", "dataset", "metrics"} - set(result)
            lacking |= (
                {"dataset.name", "dataset.type"} if not {"name", "type"} <= set(result.get("dataset", ())) else set()
            )
            errors += [f'"model-index[0].results[0].{name}" is required' for name in sorted(lacking)]
    return [{"message": message} for message in errors]


_ID = r"(?P<repo_id>[\w.-]+/[\w.-]+?)"
ROUTES: list[tuple[str, Callable[..., Answer]]] = [
    (r"GET /api/whoami-v2", Request.whoami),
    (r"POST /api/repos/create", Request.create),
    (r"POST /api/validate-yaml", Request.validate),
    (rf"POST /api/models/{_ID}/preupload/(?P<revision>[^/]+)", Request.preupload),
    (rf"POST /api/models/{_ID}/commit/(?P<revision>[^/]+)", Request.commit),
    (rf"POST /api/models/{_ID}/tag/(?P<revision>[^/]+)", Request.tag),
    (rf"GET /api/models/{_ID}/revision/(?P<revision>[^/]+)", Request.info),
    (rf"GET /api/models/{_ID}/tree/(?P<revision>[^/]+)(?:/(?P<folder>.+))?", Request.tree),
    (rf"GET /api/models/{_ID}/refs", Request.refs),
    (rf"GET /api/models/{_ID}", Request.info),
    (rf"POST /{_ID}\.git/info/lfs/objects/batch", Request.batch),
    (rf"POST /{_ID}\.git/info/lfs/verify", Request.verify),
    (r"PUT /storage/(?P<oid>[0-9a-f]{64})", Request.store),
    (r"GET /storage/(?P<oid>[0-9a-f]{64})", Request.stored),
    (rf"(?:GET|HEAD) /{_ID}/resolve/(?P<revision>[^/]+)/(?P<name>.+)", Request.resolve),
]
