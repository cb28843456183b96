"""The archive of an exported program: its graph as JSON; nothing else in it is opened."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from io import FileIO
from typing import Any, NamedTuple
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from sepcost.errors import ModelError
from sepcost.sources.graph_limit import GraphLimit
from sepcost.text.wording import in_one_line, named

MAJOR = 8
"""The version of the schema that is read: as torch 2.7 to 2.13 write it."""
WEIGHTS = "/model_weights_config.json"
DAMAGED = (BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)
"""What zipfile raises of archives that are none."""
AN_OBJECT = 8
"""What a list or a dictionary of JSON spends of the limit: in memory it takes a hundred times its two brackets."""
AGAIN = "save it again with torch.export.save of torch 2.7 to 2.13"
TORCHSCRIPT = 'torch.onnx.export(torch.jit.load(FILE), inputs, "net.onnx", dynamo=False)'


class Program(NamedTuple):
    """The JSON of an exported program, and that of its weights: which file of the archive holds each.

    ``limit`` has what is left to read it.
    """

    fields: Mapping[str, Any]
    weights: Mapping[str, Mapping[str, Any]]
    limit: GraphLimit


class _Metered(FileIO):
    """A file of which every byte that zipfile reads is spent, its directory too."""

    def __init__(self, path: str, limit: GraphLimit) -> None:
        super().__init__(path)
        self.limit = limit

    def read(self, size: int | None = -1) -> bytes:
        self.limit.spend(max(size or 0, 0))
        return super().read(size) or b""


def program_in(path: str, limit: GraphLimit) -> Program:
    """The exported program in the file, whose JSON is within the ``limit``; raises ModelError."""
    try:
        with _Metered(path, limit) as file, ZipFile(file) as archive:
            fields = _read(archive, _graph_of(archive), limit)
            weights = next((each for each in archive.infolist() if each.filename.endswith(WEIGHTS)), None)
            config = _read(archive, weights, limit)["config"] if weights else {}
    except DAMAGED as error:
        raise ValueError(str(error) if isinstance(error, BadZipFile) else "") from None
    version = fields["schema_version"]["major"]
    if version != MAJOR:
        raise ModelError(f"has version {in_one_line(str(version), 20)} of the schema, only {MAJOR} is read: {AGAIN}")
    return Program(fields, config, limit)


def _graph_of(archive: ZipFile) -> ZipInfo:
    names = [each for each in archive.infolist() if each.filename.endswith(".json") and "/models/" in each.filename]
    names += [each for each in archive.infolist() if each.filename.endswith("serialized_exported_program.json")]
    if len(names) > 1:
        raise ModelError(f"has {len(names)} programs ({named([each.filename for each in names])}): save one in a file")
    if not names and any("/code/" in each for each in archive.namelist()):
        raise ModelError(f"is TorchScript: {TORCHSCRIPT} writes an ONNX model, which is read")
    if not names and any("/aotinductor/" in each for each in archive.namelist()):
        raise ModelError("is compiled by AOTInductor: give the exported program that was compiled")
    if not names:
        raise ModelError(f"has no exported program in it: {AGAIN}")
    return names[0]


def _read(archive: ZipFile, entry: ZipInfo, limit: GraphLimit) -> Any:
    """The JSON of an entry: the bytes that it declares, and no more."""
    if entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED):  # zipfile unpacks others without a bound
        raise BadZipFile(f"{in_one_line(entry.filename, 40)} is compressed by method {entry.compress_type}")
    if entry.compress_type == ZIP_DEFLATED:
        limit.spend(entry.file_size)
    with archive.open(entry) as file:
        data = file.read(entry.file_size)
    limit.spend(AN_OBJECT * (data.count(b"[") + data.count(b"{")))
    return json.loads(data)
