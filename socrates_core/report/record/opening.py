"""Opens a record that came from anywhere, after checking every file against its digest.

The digests stand in the record itself, so they show damage and a careless change, not a forger, who changes both. Only
the SHA-256 of the zip that was quoted elsewhere, in a preregistration, shows that it is the record of then.
"""

import hashlib
import io
import json
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from socrates_core.errors import SocratesError, shown
from socrates_core.report.record.making import CALIBRATION_FILE, CLAIMS, FORMAT, MANIFEST, PROFILES, RECORD
from socrates_core.simulation.request import MAX_PEOPLE
from socrates_core.study.files import parse_json, read_bytes

NEEDED: Final = ("index.html", "prediction.csv", "prediction.json", RECORD, "report.html", "study.yaml")
ALLOWED: Final = {*NEEDED, MANIFEST, CALIBRATION_FILE, PROFILES, CLAIMS}
DIGITS: Final = 64
LARGEST: Final = 64 * 1024**2
"""Bytes of the zip, and of all its files unpacked."""


@dataclass(frozen=True, eq=False)
class OpenedRecord:
    """A record whose files fit their digests."""

    about: dict[str, Any]
    """record.json."""
    prediction: dict[str, Any]
    """prediction.json."""
    study: str
    """study.yaml."""
    calibration: str | None
    """calibration.json; None without one."""
    digest: str
    """sha256 of the zip: what a preregistration quotes."""
    quoted: bool = False
    """Whether it is the one that was quoted, as whoever opened it says."""

    @property
    def standing(self) -> str:
        """What is known of whether this is the record that was registered."""
        if self.quoted:
            return f"The SHA-256 of the record is the quoted one, {self.digest}: it is the record that was registered."
        return (
            f"The SHA-256 of the record is {self.digest}. Its files fit its own list of digests, which somebody who "
            "changed them could have changed too: compare the SHA-256 with the one in the preregistration (--sha256)."
        )


def open_record(path: Path, quoted: str | None = None) -> OpenedRecord:
    """Read a record.

    Args:
        path: The zip.
        quoted: The SHA-256 that the preregistration quotes, in any case and spacing; None if it is not known.

    Raises:
        SocratesError: If it is no record, is damaged or was changed, or is another one than was quoted; names the file.
    """
    if quoted is not None:
        quoted = checked_digest(quoted)
    try:
        if path.stat().st_size > LARGEST:
            raise SocratesError(f"{shown(path)} has {path.stat().st_size:,} bytes: it is no record")
        content = read_bytes(path)
    except OSError as error:
        told = f"{shown(path)} cannot be read ({error}); name a record that socrates record wrote"
        raise SocratesError(told) from error
    digest = hashlib.sha256(content).hexdigest()
    if quoted is not None and quoted != digest:
        raise SocratesError(f"{shown(path)} is another file than was registered: its SHA-256 is {digest}, not {quoted}")
    files = _unpacked(content, path)
    _check_digests(files, path)
    about, prediction = (_object(files[name], name, path) for name in (RECORD, "prediction.json"))
    if about.get("format") != FORMAT:
        raise SocratesError(f"{shown(path)} is of format {about.get('format')!r}, this version reads {FORMAT}")
    outcomes = prediction.get("outcomes")
    fits = [
        *(isinstance(about.get(name), str) for name in ("title", "made", "model")),
        type(about.get("people")) is int and 1 <= about["people"] <= MAX_PEOPLE,
        isinstance(outcomes, list) and all(isinstance(one, dict) for one in outcomes),
        all(isinstance(one.get("trust", {}), dict) for one in outcomes or () if isinstance(one, dict)),
    ]
    if not all(fits):
        raise SocratesError(f"{shown(path)} is no record: {RECORD} or prediction.json lacks what every record has")
    calibration = files.get(CALIBRATION_FILE)
    try:
        texts = [files["study.yaml"].decode(), None if calibration is None else calibration.decode()]
    except UnicodeDecodeError as error:
        raise SocratesError(f"{shown(path)}: study.yaml or {CALIBRATION_FILE} is not UTF-8") from error
    return OpenedRecord(about, prediction, str(texts[0]), texts[1], digest, quoted is not None)


def checked_digest(quoted: str) -> str:
    """A SHA-256 as it is compared.

    Raises:
        SocratesError: If it is none.
    """
    found = "".join(quoted.lower().split())
    if len(found) != DIGITS or set(found) - set("0123456789abcdef"):
        raise SocratesError(f"a SHA-256 has {DIGITS} digits from 0 to f, {shown(quoted[:80])!r} does not")
    return found


def _unpacked(content: bytes, path: Path) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            inside = archive.infolist()
            names = [one.filename for one in inside]
            strangers = sorted(set(names) - ALLOWED)
            if strangers or len(set(names)) != len(names):
                odd = strangers[0] if strangers else "a file twice"
                raise SocratesError(f"{shown(path)} is no record of this software: it holds {shown(odd)}")
            if sum(one.file_size for one in inside) > LARGEST:
                raise SocratesError(f"{shown(path)} unpacks to more than {LARGEST:,} bytes: it is no record")
            found = {}
            for one in inside:
                with archive.open(one) as file:
                    found[one.filename] = file.read(LARGEST + 1)
                    if len(found[one.filename]) != one.file_size:
                        raise SocratesError(f"{shown(path)}: {one.filename} is not as long as it says")
            return found
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError, ValueError) as error:
        raise SocratesError(f"{shown(path)} is not a zip that can be read ({error})") from error


def _check_digests(files: dict[str, bytes], path: Path) -> None:
    missing = [name for name in (*NEEDED, MANIFEST) if name not in files]
    if missing:
        raise SocratesError(f"{shown(path)} is no record: {missing[0]} is missing")
    stated = _object(files[MANIFEST], MANIFEST, path)
    for name in sorted(set(files) - {MANIFEST}):
        if stated.get(name) != hashlib.sha256(files[name]).hexdigest():
            changed = f"{name} was changed after the record was made: its SHA-256 does not fit"
            raise SocratesError(f"{shown(path)}: {changed}")
    if gone := sorted(set(stated) - set(files)):
        raise SocratesError(f"{shown(path)} is no record: {shown(gone[0])} is missing")


def _object(content: bytes, name: str, path: Path) -> dict[str, Any]:
    try:
        found = parse_json(content.decode("utf-8"), strict=True)
    except (ValueError, json.JSONDecodeError) as error:
        raise SocratesError(f"{shown(path)}: {name} is not valid JSON ({error})") from error
    if not isinstance(found, dict):
        raise SocratesError(f"{shown(path)}: {name} is not a JSON object")
    return found
