"""Adapters on the Hugging Face Hub: push one with a card that says what it is good for, pull one and trust it.

python -m socrates_core.hub push DIR OWNER/NAME [--public] [--dry-run] [--run RUN] [--license L]
python -m socrates_core.hub pull OWNER/NAME[@REV] [--out DIR]
"""

from socrates_core.hub.access import Account, Progress, saved_token, scrub, whoami
from socrates_core.hub.inspection import AdapterConfig
from socrates_core.hub.kept import PulledAdapter, adapters_root, pulled, remove
from socrates_core.hub.plan import PushPlan, plan_push
from socrates_core.hub.publication import push
from socrates_core.hub.retrieval import pull

__all__ = [
    "Account",
    "AdapterConfig",
    "Progress",
    "PulledAdapter",
    "PushPlan",
    "adapters_root",
    "plan_push",
    "pull",
    "pulled",
    "push",
    "remove",
    "saved_token",
    "scrub",
    "whoami",
]
