"""Changes of single values in the text of a calibration: every other byte stays, and the result is read again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from curated.core.diagnostic import CuratedError
from curated.core.metadata import IDENTITY_KEYS, LISTS, Metadata, canonical, is_same, meaning, normalise
from curated.text.entries import (
    Section,
    add_entry,
    find_section,
    json_flow,
    names_of,
    remove_entry,
    replace_value,
    value_texts,
)
from curated.text.reader import read
from curated.text.source import Source
from curated.text.yaml.writer import yaml_flow, yaml_scalar

ORDER = (
    *("OBSTYPE", "INSTRUME", "RAFTNAME", "SLOTNAME", "DETECTOR", "DET_NAME", "DET_SER", "DETECTORS"),
    *("FILTER", "FILTERS"),
    *("CALIB_ID", "CALIBCLS", "CALIBDATE", "VALIDSTART", "VALIDEND"),
)
"""Order in which keywords that are added come."""

_METADATA = "metadata"


class TextEditor:
    """The text of a calibration, of which values are set, added and removed.

    Parameters
    ----------
    data : `bytes`
        Content of the file.
    form : `str`
        ``ecsv``, ``yaml`` or ``json``.

    Raises
    ------
    CuratedError
        If the text cannot be read. All methods raise it where only a person can make the change.
    """

    def __init__(self, data: bytes, form: str) -> None:
        self.data, self.form = data, form
        self.source = _read(data, form)
        self.text = data.decode()
        self._keywords: dict[str, Any] = {}
        self._values: dict[str, set[str]] = {}

    @property
    def keywords(self) -> Metadata:
        """Keywords of the text as it is now."""
        return _keywords(_read(self.text.encode(), self.form))

    # -- keywords ----------------------------------------------------------------------------------------

    def set_keyword(self, name: str, value: Any) -> None:
        """Set a keyword, in all spellings that the text has of it; add it in its place if there is none.

        A list of names (`curated.core.metadata.LISTS`) is written as one, whatever stood there before.
        """
        if name in LISTS:
            self.remove_keyword(name)
            content = value if isinstance(value, str) else list(value)
            self._add_keyword(find_section(self.text, self.form, _METADATA), name, content)
            self._require_set(name, value if isinstance(value, str) else ", ".join(value))
            return
        sections = [(_METADATA, find_section(self.text, self.form, _METADATA)), ("", self._top())]
        places = [(k, i) for k, s in sections for i in _places(s, name, is_top=not k)]
        for key, index in places:
            self._replace(key, index, value)
        if not places:
            self._add_keyword(sections[0][1], name, value)
        self._require_set(name, value)

    def _require_set(self, name: str, value: Any) -> None:
        """Raise an error unless a keyword has a value now."""
        self._keywords[name] = value
        if not is_same(self.keywords.get(name), value):
            raise CuratedError(
                f"{name} cannot be set in this form of text",
                f"write it by hand: {name}: {yaml_scalar(value)}",
            )

    def remove_keyword(self, name: str) -> None:
        """Remove a keyword, in all spellings that the text has of it."""
        self._keywords[name] = None
        for key in (_METADATA, ""):
            while True:
                section = self._top() if not key else find_section(self.text, self.form, key)
                indices = _places(section, name, is_top=not key)
                if section is None or not indices:
                    break
                self.text = remove_entry(self.text, section, indices[0])

    def _top(self) -> Section | None:
        """Return the top of a YAML or JSON document, which may repeat keywords."""
        return None if self.form == "ecsv" else find_section(self.text, self.form)

    def _add_keyword(self, section: Section | None, name: str, value: Any) -> None:
        if section is None or not section.entries:
            self._add_section(_METADATA, {name: value}, is_first=True)
            return
        earlier = ORDER[: ORDER.index(name)] if name in ORDER else ORDER
        after = [n for n in names_of(section) if n and canonical(n) in earlier]
        self.text = add_entry(self.text, section, section.pair_text(name, value), after)

    def _replace(self, key: str, index: int, value: Any) -> None:
        """Write another value of an entry, as near to the style of the old one as it is read again."""
        section = find_section(self.text, self.form, key)
        if section is None:
            return
        entry = section.entries[index]
        for new in value_texts(entry, value, is_json=section.is_json):
            text = replace_value(self.text, entry, new)
            source, _ = read(text.encode(), self.form)
            if source is not None and is_same(_value_at(source, key, entry.name), value):
                self.text = text
                return
        raise CuratedError(
            f"{entry.name} cannot be set in this form of text",
            f"write it by hand: {entry.name}: {yaml_scalar(value)}",
        )

    # -- other values ------------------------------------------------------------------------------------

    def set_values(self, key: str, values: Mapping[str, Any]) -> None:
        """Set values of a section of a YAML or JSON document, such as ``image``; add those that it lacks."""
        self._values.setdefault(key, set()).update(values)
        section = find_section(self.text, self.form, key)
        if section is None or not section.entries:
            self._add_section(key, values)
            return
        for name, value in values.items():
            names = names_of(section)
            if name in names:
                self._replace(key, names.index(name), value)
            else:
                self.text = add_entry(self.text, section, section.pair_text(name, value), names)
            section = find_section(self.text, self.form, key) or section

    def remove_section(self, key: str) -> None:
        """Remove a value at the top of a YAML or JSON document, with all that it holds."""
        self._values.setdefault(key, set()).add("")
        root = find_section(self.text, self.form)
        if root is not None and key in names_of(root):
            self.text = remove_entry(self.text, root, names_of(root).index(key))

    def append(self, key: str, item: Mapping[str, Any]) -> None:
        """Add an item at the end of a list at the top of a YAML or JSON document, or of a provenance file."""
        self._values.setdefault(key, set()).add("")
        section = find_section(self.text, self.form, key)
        if section is None or not section.entries:
            self._add_section(key, [item])
            return
        flow = json_flow(item) if section.is_json else yaml_flow(item)
        self.text = add_entry(self.text, section, flow)

    def _add_section(self, key: str, content: Any, *, is_first: bool = False) -> None:
        """Add a mapping or list to the top of the document, or replace an empty one."""
        root = find_section(self.text, self.form)
        if root is None or not root.entries:
            raise CuratedError("the text has no values", f"write {key} by hand")
        name = "meta" if self.form == "ecsv" else key
        newline = "\r\n" if "\r\n" in self.text else "\n"
        if name in names_of(root):
            self._fill(root, names_of(root).index(name), content)
            return
        if self.form == "ecsv":
            lines = [
                f"{name}: !!omap",
                *(f"# - {{{yaml_scalar(k)}: {yaml_flow(v)}}}" for k, v in content.items()),
            ]
            self.text = add_entry(self.text, root, newline.join(lines), ["datatype"])
            return
        new = root.pair_text(key, content) if root.is_flow else newline.join(_block_lines(key, content))
        after = () if is_first else None
        self.text = add_entry(self.text, root, new, after)

    def _fill(self, root: Section, index: int, content: Any) -> None:
        """Write the content of an empty mapping or list: on lines of their own in a YAML document of lines."""
        entry, text = root.entries[index], self.text
        end = text.find("\n", entry.value_end)
        rest = text[entry.value_end : len(text) if end < 0 else end].rstrip("\r")
        if root.is_flow or self.form == "ecsv" or (rest.strip() and not rest.lstrip().startswith("#")):
            flow = json_flow(content) if root.is_json else yaml_flow(content)
            blank = "" if text[entry.value_start - 1 : entry.value_start] in ("", " ") else " "
            self.text = text[: entry.value_start] + blank + flow + text[entry.value_end :]
            return
        heading, *lines = _block_lines(entry.name, content)
        newline = "\r\n" if "\r\n" in text else "\n"
        start = entry.value_end + len(rest)
        block = newline.join([f"{heading}{rest}", *lines])
        self.text = text[: entry.start] + block + text[start:]

    # -- the result ----------------------------------------------------------------------------------------

    def finish(self) -> bytes:
        """Return the text, if it is read as before but for what was changed."""
        result = self.text.encode()
        source = _read(result, self.form)
        before, now = _keywords(self.source), _keywords(source)
        meanings = {meaning(name) for name in self._keywords}
        is_equal = all(
            is_same(now.get(name), value) for name, value in self._keywords.items() if value is not None
        )
        is_equal &= not any(name in now for name, value in self._keywords.items() if value is None)
        is_equal &= _others(before, meanings) == _others(now, meanings)
        is_equal &= self._other_values(self.source) == self._other_values(source)
        if self.form == "ecsv":
            is_equal &= _rows(self.data.decode()) == _rows(self.text)
        if not is_equal:
            raise CuratedError("the change does not come back from this form of text", "make it by hand")
        return result

    def _other_values(self, source: Source) -> dict[str, str]:
        """Return what is beside the metadata and was not changed, as text, in which NaN equals NaN."""
        values = {}
        for key, value in source.tree.items():
            changed = self._values.get(key, set())
            if key in IDENTITY_KEYS or "" in changed:
                continue
            is_section = isinstance(value, Mapping)
            rest = (
                {name: item for name, item in value.items() if name not in changed} if is_section else value
            )
            if rest or key not in self._values:
                values[key] = repr(rest)
        return values


def _read(data: bytes, form: str) -> Source:
    source, problems = read(data, form)
    if source is None:
        reason = f"{problems[0].code} {problems[0].detail}" if problems else "it cannot be read"
        raise CuratedError(reason, "'curated check' names the line; mend it first")
    return source


def _keywords(source: Source) -> Metadata:
    return normalise(source.metadata, source.tree)[0]


def _others(keywords: Metadata, meanings: set[str]) -> dict[str, str]:
    return {key: repr(value) for key, value in keywords.items() if meaning(key) not in meanings}


def _rows(text: str) -> str:
    """Return what follows the header of an ECSV file."""
    lines = text.split("\n")
    start = next(
        (i for i, line in enumerate(lines) if i and line.strip() and not line.startswith("#")), len(lines)
    )
    return "\n".join(lines[start:])


def _value_at(source: Source, key: str, name: str) -> Any:
    if key in (_METADATA, ""):
        return _keywords(source).get(name) if key else source.tree.get(name)
    section = source.tree.get(key)
    return section.get(name) if isinstance(section, Mapping) else None


def _places(section: Section | None, name: str, *, is_top: bool) -> Sequence[int]:
    """Return the indices of a section's entries that have the meaning of a keyword."""
    return [
        index
        for index, entry in enumerate(section.entries if section is not None else ())
        if entry.name and meaning(entry.name) == meaning(name) and (not is_top or entry.name in IDENTITY_KEYS)
    ]


def _block_lines(key: str, content: Any) -> list[str]:
    if isinstance(content, Mapping):
        return [f"{key}:", *(f"  {yaml_scalar(k)}: {yaml_flow(v)}" for k, v in content.items())]
    return [f"{key}:", *(f"- {yaml_flow(item)}" for item in content)]
