"""The observatory's text of a shutter motion: nested, in two versions that differ in how they write times."""

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


class ShutterText:
    """The text as a flat document with a list of records for each table, and the way back to its places.

    Parameters
    ----------
    tree : `~collections.abc.Mapping`
        The document without its metadata.
    keywords : `dict` [`str`, `str`]
        Header keywords of the numbers and texts of the motion as a whole, by their keys.

    Attributes
    ----------
    flat : `dict`
        The flat document.
    problems : `list` [`Problem`]
        All that is wrong with the nesting.
    is_unreadable : `bool`
        Whether there is no motion profile at all.
    """

    def __init__(self, tree: Mapping[Any, Any], keywords: Mapping[str, str]) -> None:
        self.keys = {keyword: key for key, keyword in keywords.items()}
        self.problems: list[Problem] = []
        self.flat: dict[Any, Any] = {}
        self.fit_names: list[str] = []
        profile = tree.get(_PROFILE)
        self.is_unreadable = not isinstance(profile, Mapping)
        if not isinstance(profile, Mapping):
            code, words = ("CAL211", "is not a mapping") if _PROFILE in tree else ("CAL210", "is missing")
            self.problems.append(Problem(code, (_PROFILE,), f"{_PROFILE} {words}"))
            return
        profile_keys = set(keywords) - set(_TOP)
        for key, value in tree.items():
            if key in profile_keys or key in _LISTS or key == "fits":
                self._unknown((), key, [*_TOP, _PROFILE])
            elif key != _PROFILE:
                self.flat[key] = value
        for key, value in profile.items():
            self._read(key, value, profile_keys)
        self.flat.setdefault("fits", [])

    def _read(self, key: Any, value: Any, profile_keys: set[str]) -> None:
        """Read one entry of the profile."""
        if key == _START:
            for name, item in _time(value).items():
                self.flat[f"{_START}_{name}"] = item
        elif key in _LISTS and isinstance(value, list):
            self.flat[key] = [_record(item) for item in value]
        elif key == "fitResults" and isinstance(value, Mapping):
            self._read_fits(value)
        elif key == "fitResults":
            detail = f"fitResults: {brief(value)} is not a mapping"
            self.problems.append(Problem("CAL211", (_PROFILE, key), detail))
        else:
            scalars = {k for k in profile_keys if not k.startswith(f"{_START}_") and k != "fitModel"}
            if key in _LISTS or key in scalars:
                self.flat[key] = value
            else:
                self._unknown((_PROFILE,), key, [*scalars, *_LISTS, _START, "fitResults"])

    def _read_fits(self, results: Mapping[Any, Any]) -> None:
        records = []
        for name, values in results.items():
            if name == "Model":
                self.flat["fitModel"] = values
            elif isinstance(values, Mapping):
                self.fit_names.append(str(name))
                records.append({**values, "name": str(name)})
            else:
                place = (_PROFILE, "fitResults", name)
                self.problems.append(Problem("CAL211", place, f"fitResults {brief(name)} is not a mapping"))
        self.flat["fits"] = records

    def _unknown(self, prefix: Pointer, key: Any, keys: list[str]) -> None:
        expected = ", ".join(sorted({*keys, *IDENTITY_KEYS} - IDENTITY_KEYS))
        self.problems.append(Problem("CAL212", (*prefix, key), f"{brief(key)} is not one of {expected}"))

    def place(self, pointer: Pointer) -> Pointer:
        """Return the place in the text for a place in the flat document."""
        if not pointer:
            return pointer
        head = pointer[0]
        if head == "metadata" and len(pointer) > 1 and pointer[1] in self.keys:
            head, pointer = self.keys[str(pointer[1])], pointer[1:]
        if head == "fitModel":
            return (_PROFILE, "fitResults", "Model")
        if head == "fits":
            name = (self.fit_names[int(pointer[1])],) if len(pointer) > 1 else ()
            return (_PROFILE, "fitResults", *name, *pointer[2:])
        if head in _LISTS:
            return (_PROFILE, *pointer[:2], *(p for p in pointer[2:] if p not in ("tai", "mjd")))
        if str(head).startswith(f"{_START}_"):
            return (_PROFILE, _START)
        return (_PROFILE, head) if head in self.keys.values() and head not in _TOP else (head, *pointer[1:])

    @staticmethod
    def nest(flat: dict[str, Any]) -> dict[str, Any]:
        """Return a flat document in the nested form of its version."""
        is_second = flat["version"] == 2.0

        def time(record: dict[str, Any]) -> dict[str, Any]:
            rest = {key: value for key, value in record.items() if key not in ("tai", "mjd")}
            if is_second:
                return {"tai": {"isot": record["tai"], "mjd": record["mjd"]}, **rest}
            return {"time": {"tai": record["tai"], "mjd": record["mjd"]}, **rest}

        values = dict(flat)
        start = time({"tai": values.pop("startTime_tai"), "mjd": values.pop("startTime_mjd")})
        nested = {key: values.pop(key) for key in (*_TOP, "units", *KEYS) if key in values}
        fits = {record.pop("name"): record for record in map(dict, values.pop("fits", []))}
        model = values.pop("fitModel", "")
        lists = {key: [time(record) for record in values.pop(key, [])] for key in _LISTS}
        profile = {_START: start if is_second else start["time"], **values, **lists}
        profile["fitResults"] = {"Model": model, **fits}
        return {**nested, _PROFILE: profile}


def _time(value: Any) -> dict[Any, Any]:
    """Return a time of either version as ``tai`` and ``mjd``, with any other keys."""
    if not isinstance(value, Mapping):
        return {}
    inner = value.get("tai")
    if not isinstance(inner, Mapping):
        return dict(value)
    rest = {key: item for key, item in (*inner.items(), *value.items()) if key not in ("isot", "mjd", "tai")}
    return {"tai": inner.get("isot"), "mjd": inner.get("mjd"), **rest}


def _record(item: Any) -> Any:
    """Return a sample with its time next to its other values."""
    if not isinstance(item, Mapping):
        return item
    is_first = "time" in item
    time = item.get("time") if is_first else {"tai": item.get("tai")}
    rest = {key: value for key, value in item.items() if key != ("time" if is_first else "tai")}
    is_mixed = is_first is isinstance(_tai(time), Mapping)
    return {**rest, **({} if is_mixed else _time(time))}


def _tai(time: Any) -> Any:
    return time.get("tai") if isinstance(time, Mapping) else None


def nested_schema(schema: dict[str, Any], is_required: Mapping[str, bool]) -> dict[str, Any]:
    """Return the schema of the nested form, made from that of the flat document.

    Parameters
    ----------
    schema : `dict`
        Schema of the flat document.
    is_required : `dict` [`str`, `bool`]
        Whether every file has each number or text of the motion as a whole, by its key.
    """
    flat = dict(schema["properties"])
    first = {"tai": flat.pop(f"{_START}_tai"), "mjd": flat.pop(f"{_START}_mjd")}
    isot = _mapping({"isot": first["tai"], "mjd": first["mjd"]}, ["isot", "mjd"])
    times = {"time": _mapping(first, ["tai", "mjd"]), "tai": isot}
    keys = [key for key in is_required if key in flat and key not in (*_TOP, "fitModel")]
    profile: dict[str, Any] = {key: flat.pop(key) for key in keys}
    profile[_START] = {
        "description": "Start of the motion, TAI.",
        "anyOf": [times["time"], _mapping({"tai": isot}, ["tai"])],
    }
    profile |= {name: _list_schema(flat.pop(name), times) for name in _LISTS}
    fit = flat.pop("fits")["items"]
    values = {key: value for key, value in fit["properties"].items() if key != "name"}
    profile["fitResults"] = {
        "description": "Models of the motion by the data that were fitted, and the name of the model.",
        "type": "object",
        "properties": {"Model": flat.pop("fitModel")},
        "additionalProperties": _mapping(values, [key for key in fit["required"] if key != "name"]),
    }
    flat[_PROFILE] = _mapping(profile, [*(key for key in keys if is_required[key]), _START, *_LISTS])
    nested_keys = set(is_required) - set(_TOP)
    conditions = [
        condition
        for condition in schema["allOf"]
        if not nested_keys & set(condition.get("anyOf", [{}])[0].get("required", ()))
    ]
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
    values = {key: value for key, value in item["properties"].items() if key not in ("tai", "mjd")}
    required = [key for key in item["required"] if key in values]
    forms = [_mapping({**values, key: time}, [*required, key]) for key, time in times.items()]
    return {**schema, "items": {"anyOf": forms}}
