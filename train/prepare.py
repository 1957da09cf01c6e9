"""Prepare studies: read a source once and write it as a study folder with a split.

    python -m train.prepare --source bundled --out data/bundled
    python -m train.prepare --source socsci210 --out data/socsci210 --split official
    python -m train.prepare --source hub:OWNER/NAME:CONFIG/SPLIT@REVISION --out data/theirs
    python -m train.prepare --source my_study.csv --out data/mine
    python -m train.prepare --source data/socsci210 --fraction 0.01 --out data/one_percent --export alpaca

The folder holds four Parquet tables, manifest.json and split.json; --export adds a folder in a format of other
trainers. It is written atomically: it appears under its name only when it is complete.
"""

from socrates_core import command
from socrates_core.study.prepare import prepare

if __name__ == "__main__":
    command.run(prepare)
