"""The observatory's text of a shutter's motion: nested, in two versions that differ in how they write times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from curated.core.diagnostic import Pointer, Problem, brief
from curated.core.metadata import IDENTITY_KEYS
from curated.provenance.record import KEYS

_PROFILE = "motionProfile"
_TOP = ("fileName", "fileType", "obsId", "version")
_LISTS = ("encodeSamples", "hallTransitions")
_START = "startTime"


class Text:
    """The text as a flat document with a list of records for each table, and the way back to its places.

    Parameters
    ----------
    tree : `~collections.abc.Mapping`
        The document, apart from its metadata.
    keywords : `dict` [`str`, `str`]
        Keyword of each number and text of the whole motion, by its key.
    """

    def __init__(self, tree: Mapping[Any, Any], keywords: Mapping[str, str]) -> None:
        self.keys = {keyword: key for key, keyword in keywords.items()}
        self.problems: list[Problem] = []
        self.flat: dict[Any, Any] = {}
        self.names: list[str] = []
        self.is_lost = False
        profile = tree.get(_PROFILE)
        if not isinstance(profile, Mapping):
            code, what = ("CAL211", "is not a mapping") if _PROFILE in tree else ("CAL210", "is missing")
            self.problems.append(Problem(code, (_PROFILE,), f"{_PROFILE} {what}"))
            self.is_lost = True
            return
        own = set(keywords) - set(_TOP)
        for key, value in tree.items():
            if key in own or key in _LISTS or key == "fits":
                self._unknown((), key, [*_TOP, _PROFILE])
            elif key != _PROFILE:
                self.flat[key] = value
        for key, value in profile.items():
            self._take(key, value, own)
        self.flat.setdefault("fits", [])

    def _take(self, key: Any, value: Any, own: set[str]) -> None:
        """Take one entry of the profile."""
        if key == _START:
            for name, item in _time(value).items():
                self.flat[f"{_START}_{name}"] = item
        elif key in _LISTS and isinstance(value, list):
            self.flat[key] = [_record(item) for item in value]
        elif key == "fitResults" and isinstance(value, Mapping):
            self._take_fits(value)
        elif key == "fitResults":
            detail = f"fitResults: {brief(value)} is not a mapping"
            self.problems.append(Problem("CAL211", (_PROFILE, key), detail))
        elif key in _LISTS or (key in own and not key.startswith(f"{_START}_") and key != "fitModel"):
            self.flat[key] = value
        else:
            known = [k for k in own if not k.startswith(f"{_START}_") and k != "fitModel"]
            self._unknown((_PROFILE,), key, [*known, *_LISTS, _START, "fitResults"])

    def _take_fits(self, results: Mapping[Any, Any]) -> None:
        records = []
        for name, values in results.items():
            if name == "Model":
                self.flat["fitModel"] = values
            elif isinstance(values, Mapping):
                self.names.append(str(name))
                records.append({**values, "name": str(name)})
            else:
                place = (_PROFILE, "fitResults", name)
                self.problems.append(Problem("CAL211", place, f"fitResults {brief(name)} is not a mapping"))
        self.flat["fits"] = records

    def _unknown(self, prefix: Pointer, key: Any, known: list[str]) -> None:
        detail = f"{brief(key)} is not one of {', '.join(sorted({*known, *IDENTITY_KEYS} - IDENTITY_KEYS))}"
        self.problems.append(Problem("CAL212", (*prefix, key), detail))

    def place(self, pointer: Pointer) -> Pointer:
        """Return the place in the text of a place in the flat document."""
        if not pointer:
            return pointer
        head = pointer[0]
        if head == "metadata" and len(pointer) > 1 and pointer[1] in self.keys:
            head, pointer = self.keys[str(pointer[1])], pointer[1:]
        if head == "fitModel":
            return (_PROFILE, "fitResults", "Model")
        if head == "fits":
            named = (self.names[int(pointer[1])],) if len(pointer) > 1 else ()
            return (_PROFILE, "fitResults", *named, *pointer[2:])
        if head in _LISTS:
            return (_PROFILE, *pointer[:2], *(p for p in pointer[2:] if p not in ("tai", "mjd")))
        if str(head).startswith(f"{_START}_"):
            return (_PROFILE, _START)
        return (_PROFILE, head) if head in self.keys.values() and head not in _TOP else (head, *pointer[1:])

    @staticmethod
    def nest(flat: dict[str, Any]) -> dict[str, Any]:
        """Return a flat document in the form of its version."""
        second = flat["version"] == 2.0

        def time(record: dict[str, Any]) -> dict[str, Any]:
            rest = {key: value for key, value in record.items() if key not in ("tai", "mjd")}
            if second:
                return {"tai": {"isot": record["tai"], "mjd": record["mjd"]}, **rest}
            return {"time": {"tai": record["tai"], "mjd": record["mjd"]}, **rest}

        given = dict(flat)
        start = time({"tai": given.pop("startTime_tai"), "mjd": given.pop("startTime_mjd")})
        nested = {key: given.pop(key) for key in (*_TOP, "units", *KEYS) if key in given}
        fits = {record.pop("name"): record for record in map(dict, given.pop("fits", []))}
        model = given.pop("fitModel", "")
        lists = {key: [time(record) for record in given.pop(key, [])] for key in _LISTS}
        profile = {_START: start if second else start["time"], **given, **lists}
        profile["fitResults"] = {"Model": model, **fits}
        return {**nested, _PROFILE: profile}


def _time(value: Any) -> dict[Any, Any]:
    """Return a time of either version, with what else stands there."""
    if not isinstance(value, Mapping):
        return {}
    inner = value.get("tai")
    if not isinstance(inner, Mapping):
        return dict(value)
    rest = {key: item for key, item in (*inner.items(), *value.items()) if key not in ("isot", "mjd", "tai")}
    return {"tai": inner.get("isot"), "mjd": inner.get("mjd"), **rest}


def _record(item: Any) -> Any:
    """Return a sample with its time beside the other values."""
    if not isinstance(item, Mapping):
        return item
    first = "time" in item
    time = item.get("time") if first else {"tai": item.get("tai")}
    rest = {key: value for key, value in item.items() if key != ("time" if first else "tai")}
    found = _time(time) if first is not isinstance(_inner(time), Mapping) else {}
    return {**rest, **found}


def _inner(time: Any) -> Any:
    return time.get("tai") if isinstance(time, Mapping) else None


def nested_schema(schema: dict[str, Any], own: Mapping[str, bool]) -> dict[str, Any]:
    """Return the schema of the nested form, made of that of the flat document.

    Parameters
    ----------
    schema : `dict`
        Schema of the flat document.
    own : `dict` [`str`, `bool`]
        Whether every file has each of the numbers and texts of the whole motion, by key.
    """
    flat = dict(schema["properties"])
    first = {"tai": flat.pop(f"{_START}_tai"), "mjd": flat.pop(f"{_START}_mjd")}
    isot = _mapping({"isot": first["tai"], "mjd": first["mjd"]}, ["isot", "mjd"])
    times = {"time": _mapping(first, ["tai", "mjd"]), "tai": isot}
    inner = [key for key in own if key in flat and key not in (*_TOP, "fitModel")]
    profile: dict[str, Any] = {key: flat.pop(key) for key in inner}
    profile[_START] = {
        "description": "Start of the motion, TAI.",
        "anyOf": [times["time"], _mapping({"tai": isot}, ["tai"])],
    }
    profile |= {name: _list_schema(flat.pop(name), times) for name in _LISTS}
    fit = flat.pop("fits")["items"]
    values = {key: value for key, value in fit["properties"].items() if key != "name"}
    profile["fitResults"] = {
        "description": "Models of the motion, by what they were fitted to, and the name of the model.",
        "type": "object",
        "properties": {"Model": flat.pop("fitModel")},
        "additionalProperties": _mapping(values, [key for key in fit["required"] if key != "name"]),
    }
    flat[_PROFILE] = _mapping(profile, [*(key for key in inner if own[key]), _START, *_LISTS])
    moved = set(own) - set(_TOP)
    conditions = [c for c in schema["allOf"] if not moved & set(c.get("anyOf", [{}])[0].get("required", ()))]
    required = [*schema["required"], _PROFILE]
    return {
        **schema,
        "required": [key for key in required if key not in _LISTS and key != "fits"],
        "properties": flat,
        "allOf": conditions,
    }


def _mapping(properties: dict[str, Any], required: Sequence[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(required),
        "properties": properties,
        "additionalProperties": False,
    }


def _list_schema(schema: dict[str, Any], times: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the schema of a list of samples, whose times are in the form of either version."""
    item = schema["items"]
    own = {key: value for key, value in item["properties"].items() if key not in ("tai", "mjd")}
    needed = [key for key in item["required"] if key in own]
    forms = [_mapping({**own, key: time}, [*needed, key]) for key, time in times.items()]
    return {**schema, "items": {"anyOf": forms}}
