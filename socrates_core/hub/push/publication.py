"""Carries out a planned push as a single commit."""

import io
from pathlib import Path
from typing import Final

from huggingface_hub import CommitOperationAdd, HfApi, constants

from socrates_core.errors import HubError
from socrates_core.hub.access import Progress, client, hub_step
from socrates_core.hub.inspection import CARD, WEIGHTS
from socrates_core.hub.push.plan import PushPlan, readable
from socrates_core.study.files import file_sha256

MESSAGE: Final = "Push an adapter with Socrates"


def push(plan: PushPlan, folder: Path, token: str | None, progress: Progress | None = None) -> str:
    """Carry out a plan: create the repository if necessary, and upload all files in one commit.

    Args:
        plan: From `plan_push`, for the same folder and token.
        folder: The folder of the adapter.
        token: With write permission for the destination.
        progress: Called with the share that is done and the current step.

    Returns:
        The address of the commit.

    Raises:
        HubError: If the folder or the repository has changed since the plan was made, the token lacks permission, or
            the Hub cannot be reached. The upload is atomic; if a new repository is left behind empty, the message
            names it.
    """
    report = progress or (lambda share, step: None)
    if plan.exists is None or not token:
        raise HubError(f"pushing to {plan.repo_id}: this plan was made offline; make a new one with a token")
    with readable(folder):
        for name, digest in plan.digests:
            if not (folder / name).is_file() or file_sha256(folder / name) != digest:
                raise HubError(f"{folder / name} has changed since the push was planned; review the new plan first")
    api = client(token, plan.endpoint)
    parent = plan.parent_commit
    if not plan.exists:
        report(0.0, f"creating {plan.repo_id}")
        with hub_step(f"creating the repository {plan.repo_id}", token, endpoint=plan.endpoint):
            api.create_repo(plan.repo_id, private=plan.private, exist_ok=False)
    try:
        if not plan.exists:
            with hub_step(f"looking up the new {plan.repo_id}", token, plan.repo_id, endpoint=plan.endpoint):
                parent = api.model_info(plan.repo_id).sha
        return _commit(api, plan, folder, token, parent, report)
    except HubError as error:
        if plan.exists:
            raise
        raise HubError(
            f"{error}. The repository {plan.url} was created by this push and is empty; push again, or delete it there"
        ) from None


def _commit(api: HfApi, plan: PushPlan, folder: Path, token: str, parent: str | None, report: Progress) -> str:
    # Xet uploads bypass the address of the Hub, and with it proxies and HF_ENDPOINT
    constants.HF_HUB_DISABLE_XET = True
    with _ReportingReader(folder / WEIGHTS, report) as weights:
        operations = [
            CommitOperationAdd(WEIGHTS, weights),
            *(CommitOperationAdd(name, folder / name) for name, _ in plan.files if name not in (WEIGHTS, CARD)),
            CommitOperationAdd(CARD, plan.card.encode()),
        ]
        weights.armed = True
        with hub_step(f"pushing to {plan.repo_id}", token, plan.repo_id, endpoint=plan.endpoint):
            done = api.create_commit(plan.repo_id, operations, commit_message=MESSAGE, parent_commit=parent)
    with hub_step(f"verifying {done.commit_url}", token, plan.repo_id, endpoint=plan.endpoint):
        there = api.model_info(plan.repo_id, revision=done.oid).siblings
    missing = [name for name, _ in plan.files if there is not None and name not in {one.rfilename for one in there}]
    if missing:
        raise HubError(f"{done.commit_url} lacks {', '.join(missing)}: a .gitignore in {plan.repo_id} excludes it")
    report(1.0, f"{plan.repo_id} is up to date")
    return str(done.commit_url)


class _ReportingReader(io.BufferedReader):
    """A file that reports how much of it has been read."""

    def __init__(self, path: Path, report: Progress) -> None:
        """Open it.

        Args:
            path: Of the file.
            report: Called with the share that was read once `armed` is set; before, the file is hashed, not sent.
        """
        super().__init__(path.open("rb", buffering=0))
        self.armed = False
        self._size = max(1, path.stat().st_size)
        self._report = report

    def read(self, size: int | None = -1, /) -> bytes:
        """Read and report."""
        chunk = super().read(size)
        if self.armed:
            sent = self.tell()
            self._report(min(0.99, sent / self._size), f"{sent / 1e6:,.1f} of {self._size / 1e6:,.1f} MB")
        return chunk
