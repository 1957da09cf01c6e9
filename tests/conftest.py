import os

from hypothesis import settings

# A slow example on a busy machine is no defect; where a failure must be repeatable, the examples are always the same.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")
