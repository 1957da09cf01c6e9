"""Push an adapter: one commit with everything that was planned, or nothing."""

import io
from pathlib import Path
from typing import Final

from huggingface_hub import CommitOperationAdd, HfApi, constants

from socrates_core.errors import HubError
from socrates_core.hub.access import Progress, client, hub_step
from socrates_core.hub.inspection import CARD, CONFIG, RECORD, WEIGHTS
from socrates_core.hub.push.plan import PushPlan, readable
from socrates_core.study.files import file_sha256

MESSAGE: Final = "Push an adapter with Socrates"


def push(plan: PushPlan, folder: Path, token: str | None, progress: Progress | None = None) -> str:
    """Carry out a plan: make the repository if there is none, and put everything there in one commit.

    Args:
        plan: As `plan_push` made it of this folder, with the same token.
        folder: The adapter's.
        token: With the right to write there.
        progress: Told the share that is done and what is being done.

    Returns:
        The address of the commit.

    Raises:
        HubError: If the folder or the repository has changed since the plan was made, the token may not write there, or
            the Hub cannot be reached. All of it is there afterwards, or nothing; a new repository that stays behind
            empty is named.
    """
    tell = progress or (lambda share, doing: None)
    if plan.exists is None or not token:
        raise HubError(f"pushing to {plan.repo_id}: this plan was made without the Hub; make one with a token")
    with readable(folder):
        for name, digest in plan.digests:
            if not (folder / name).is_file() or file_sha256(folder / name) != digest:
                raise HubError(f"{folder / name} has changed since the push was planned; look at the plan again")
    api = client(token, plan.endpoint)
    parent = plan.parent_commit
    if not plan.exists:
        tell(0.0, f"making {plan.repo_id}")
        with hub_step(f"making the repository {plan.repo_id}", token, endpoint=plan.endpoint):
            api.create_repo(plan.repo_id, private=plan.private, exist_ok=False)
    try:
        if not plan.exists:
            with hub_step(f"looking at the new {plan.repo_id}", token, plan.repo_id, endpoint=plan.endpoint):
                parent = api.model_info(plan.repo_id).sha
        return _commit(api, plan, folder, token, parent, tell)
    except HubError as error:
        if plan.exists:
            raise
        raise HubError(
            f"{error}. The repository {plan.url} was made by this push and is empty; push again, or delete it there"
        ) from None


def _commit(api: HfApi, plan: PushPlan, folder: Path, token: str, parent: str | None, tell: Progress) -> str:
    # its uploads go to storage that is not behind the Hub's address, past every proxy and HF_ENDPOINT
    constants.HF_HUB_DISABLE_XET = True
    with _Told(folder / WEIGHTS, tell) as weights:
        operations = [
            CommitOperationAdd(WEIGHTS, weights),
            *(CommitOperationAdd(name, folder / name) for name in (CONFIG, RECORD)),
            CommitOperationAdd(CARD, plan.card.encode()),
        ]
        weights.armed = True
        with hub_step(f"pushing to {plan.repo_id}", token, plan.repo_id, endpoint=plan.endpoint):
            done = api.create_commit(plan.repo_id, operations, commit_message=MESSAGE, parent_commit=parent)
    with hub_step(f"{done.commit_url} was made, looking at it", token, plan.repo_id, endpoint=plan.endpoint):
        there = api.model_info(plan.repo_id, revision=done.oid).siblings
    missing = [name for name, _ in plan.files if there is not None and name not in {one.rfilename for one in there}]
    if missing:
        raise HubError(f"{done.commit_url} lacks {', '.join(missing)}: a .gitignore in {plan.repo_id} leaves it out")
    tell(1.0, f"{plan.repo_id} is up to date")
    return str(done.commit_url)


class _Told(io.BufferedReader):
    """A file that tells how much of it has been read."""

    def __init__(self, path: Path, tell: Progress) -> None:
        """Open it.

        Args:
            path: Of the file.
            tell: Told the share that was read, once `armed`: before that it is hashed, not sent.
        """
        super().__init__(path.open("rb", buffering=0))
        self.armed = False
        self._size = max(1, path.stat().st_size)
        self._tell = tell

    def read(self, size: int | None = -1, /) -> bytes:
        """Read, and tell."""
        chunk = super().read(size)
        if self.armed:
            sent = self.tell()
            self._tell(min(0.99, sent / self._size), f"{sent / 1e6:,.1f} of {self._size / 1e6:,.1f} MB")
        return chunk
