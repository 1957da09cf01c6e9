"""What a user can fix.

    SocratesError
    ├── ScaleError         an answer instruction that cannot be read
    ├── SourceError        input files: missing, malformed, or without the columns they need
    ├── StudyFolderError   a prepared folder that is incomplete, changed, or of another format
    ├── SplitError         a split that is impossible or does not fit its studies
    │   └── LeakError      a study that stands on both sides of a split
    ├── PopulationError    an edit of the participants that leaves nobody or makes no sense
    ├── ModelError         an unknown model, or an adapter, template and base that do not fit together
    ├── TrainingError      a recipe that cannot be read, or a training that cannot start or go on
    ├── PredictionError    predictions that cannot be read or scored
    ├── RunError           an evaluation run that is another one, is at work elsewhere, or ended before it was done
    ├── HubError           an adapter that cannot be pushed or pulled: rights, names, network, or what it holds
    └── LaunchError        the app cannot start, because its port is taken for example

The message is all a user sees: it says what is wrong, where, what was expected, and what to do. A command that
ends in one of these prints it on stderr and exits with code 2.
"""


class SocratesError(Exception):
    """Something the user can fix; its text is the whole message."""


class ScaleError(SocratesError):
    """An answer instruction that cannot be read; quotes it."""


class SourceError(SocratesError):
    """Input files that are missing, malformed, or lack a column."""


class StudyFolderError(SocratesError):
    """A prepared study folder that is incomplete, changed, or of another format."""


class SplitError(SocratesError):
    """A split that is impossible or does not fit the studies at hand."""


class LeakError(SplitError):
    """A study that stands on both sides of a split, or that an adapter has seen."""


class PopulationError(SocratesError):
    """An edit of the participants that leaves nobody or makes no sense."""


class ModelError(SocratesError):
    """An unknown model, or an adapter, template and base that do not fit together."""


class TrainingError(SocratesError):
    """A recipe that cannot be read, or a training that cannot start or go on."""


class PredictionError(SocratesError):
    """Predictions that cannot be read or scored."""


class RunError(SocratesError):
    """An evaluation run that is another one, is at work elsewhere, or ended before it was done."""


class HubError(SocratesError):
    """An adapter that cannot be pushed or pulled; names the step, the permission or the reason that is missing."""


class LaunchError(SocratesError):
    """The app cannot start."""
