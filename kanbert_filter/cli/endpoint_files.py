"""Endpoints as the command line names them: shipped with the library, or described in a file."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from warnings import warn

from ..endpoints.endpoint import Endpoint
from ..endpoints.kanbert import kanbert_endpoints
from ..endpoints.openapi import OpenApiEndpoints, endpoints_from_openapi
from ..errors import printable, quoted
from ..messages import did_you_mean
from ..suggestions import Suggestions
from .record_files import is_record_file
from .shell import given_once

ENDPOINT_FILES: Final = frozenset({".md", ".markdown", ".json"})
"""How the names of files end that describe endpoints."""


def endpoint_at(source: str) -> Endpoint:
    """The one endpoint a source names: `clients`, `table.md`, `endpoint.json`, `openapi.json#GET /clients`.

    Raises `ValueError` that says what there is instead.
    """
    found = endpoints_at(source)
    if len(found) == 1:
        return next(iter(found.values()))
    choices = ", ".join([quoted(f"{source}#{name}") for name in found])
    raise ValueError(f"{quoted(source)} describes {len(found)} endpoints, expected one; choose from {choices}")


def endpoints_at(source: str) -> Mapping[str, Endpoint]:
    """All endpoints a source names, by what chooses one of them; at least one. Warns of operations that are left out.

    Raises `ValueError` for a file that cannot be read or describes none, and for a choice that is not in it.
    """
    found: Mapping[str, Endpoint]
    name, _, choice = (source, "", "") if Path(source).exists() else source.partition("#")
    path = Path(name)
    match path.suffix.lower():
        case ".md" | ".markdown":
            found = {path.stem: Endpoint.from_markdown(path.stem, _text_in(path))}
        case ".json":
            found = _endpoints_in_json(path)
        case ".yaml" | ".yml":
            raise ValueError(f"{quoted(name)} is YAML, expected JSON; convert it first, for example with yq -o json")
        case _ if is_record_file(name):
            infer = f"kanbert-filter endpoints infer {shlex.quote(name)} > {shlex.quote(path.stem)}.md"
            raise ValueError(
                f"{quoted(name)} holds records, expected an endpoint; its table is written by {printable(infer)}"
            )
        case _:
            shipped = kanbert_endpoints()
            if source in shipped:
                return {source: shipped[source]}
            expected = f"a shipped endpoint ({', '.join(shipped)}) or a file ending in .md or .json"
            raise ValueError(f"found {quoted(source)}, expected {expected}{did_you_mean(_names_like(source))}")
    faults = found.faults if isinstance(found, OpenApiEndpoints) else {}
    if choice:
        try:
            return {choice: found[choice]}
        except KeyError:
            offered = ", ".join(map(quoted, found))
            raise ValueError(f"{quoted(name)} has no endpoint {quoted(choice)}; it has {offered}") from None
    for operation, reason in faults.items():
        warn(f"Left out {quoted(operation)}: {reason}", stacklevel=2)
    if not found:
        raise ValueError(f"{quoted(name)} has no operation with a table of fields in its 'filter' parameter")
    return found


def _endpoints_in_json(path: Path) -> Mapping[str, Endpoint]:
    """The endpoints of a JSON file: an OpenAPI document's operations, or one endpoint's own description."""
    data: Any
    text = _text_in(path)
    try:
        data = json.loads(text, parse_int=_number_or_text)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise ValueError(f"{quoted(path)} is not JSON: {error.msg[0].lower()}{error.msg[1:]} at {place}") from None
    except RecursionError:
        raise ValueError(f"{quoted(path)} is nested too deeply to be read") from None
    if isinstance(data, dict) and "paths" in data:
        return endpoints_from_openapi(data)
    if isinstance(data, dict) and "fields" in data:
        json.loads(text, parse_int=_number_or_text, object_pairs_hook=given_once)
        endpoint = Endpoint.from_dict(data)
        return {endpoint.name: endpoint}
    expected = "an OpenAPI document (with 'paths') or an endpoint's description (with 'name' and 'fields')"
    raise ValueError(f"{quoted(path)} describes no endpoint, expected {expected}")


def _names_like(source: str) -> list[str]:
    """The shipped endpoints, and the files that may describe one, whose names are much like this."""
    path = Path(source)
    try:
        files = [file for file in path.parent.iterdir() if file.suffix.lower() in ENDPOINT_FILES]
    except (OSError, ValueError):
        files = []
    known = {} if path.suffix else {str(file.with_suffix("")): str(file) for file in files}
    known |= {name: name for name in [*map(str, files), *kanbert_endpoints()]}
    return list(dict.fromkeys([known[name] for name in Suggestions().to(source, known)]))


def _number_or_text(text: str) -> int | str:
    """The number; one that is longer than any that matters here stays text, since CPython does not read it."""
    return int(text) if len(text) < 4000 else text


def _text_in(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{quoted(path)} is not UTF-8") from None
    except OSError as error:
        hint = did_you_mean(_names_like(str(path)))
        raise ValueError(f"{quoted(path)} cannot be read: {error.strerror}{hint}") from None
    except ValueError:  # a NUL in the name
        raise ValueError(f"{quoted(path)} cannot be read: No such file or directory") from None
