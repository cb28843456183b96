"""The archive of an exported program: its graph as JSON; nothing else in it is opened."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from typing import Any, NamedTuple
from zipfile import BadZipFile, ZipFile, ZipInfo

from sepcost.errors import ModelError
from sepcost.sources.graph_limit import GraphLimit
from sepcost.text.wording import in_one_line, named

MAJOR = 8
"""The version of the schema that is read: as torch 2.7 to 2.13 write it."""
WEIGHTS = "/model_weights_config.json"
DAMAGED = (BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)
"""What zipfile raises of archives that are none."""
AGAIN = "export it again"


class Program(NamedTuple):
    """The JSON of an exported program, and that of its weights: which file of the archive holds each."""

    fields: Mapping[str, Any]
    weights: Mapping[str, Mapping[str, Any]]


def program_in(path: str, limit: GraphLimit) -> Program:
    """The exported program in the file, whose JSON is within the ``limit``; raises ModelError."""
    try:
        with ZipFile(path) as archive:
            fields = json.loads(_read(archive, _graph_of(archive), limit))
            weights = next((each for each in archive.infolist() if each.filename.endswith(WEIGHTS)), None)
            config = json.loads(_read(archive, weights, limit))["config"] if weights else {}
    except DAMAGED as error:
        raise ValueError(str(error) if isinstance(error, BadZipFile) else "") from None
    version = fields["schema_version"]["major"]
    if version != MAJOR:
        raise ModelError(f"has version {in_one_line(str(version))[:20]} of the schema, and {MAJOR} is read: {AGAIN}")
    return Program(fields, config)


def _graph_of(archive: ZipFile) -> ZipInfo:
    names = [each for each in archive.infolist() if each.filename.endswith(".json") and "/models/" in each.filename]
    names += [each for each in archive.infolist() if each.filename.endswith("serialized_exported_program.json")]
    if len(names) > 1:
        raise ModelError(f"has {len(names)} programs ({named([each.filename for each in names])}): save one in a file")
    if not names:
        what = "is TorchScript" if any("/code/" in each for each in archive.namelist()) else "has no program in it"
        raise ModelError(f"{what}: {AGAIN}")
    return names[0]


def _read(archive: ZipFile, entry: ZipInfo, limit: GraphLimit) -> bytes:
    """The bytes of an entry, if these are few: those that it declares, and no more."""
    limit.spend(entry.file_size)
    with archive.open(entry) as file:
        return file.read(entry.file_size)
