"""Names of classes in configurations, and those that may be imported."""

from __future__ import annotations

import pytest

pytest.importorskip("lsst.daf.butler")

from curated.butler.repository.class_names import (
    allow_classes,
    class_names,
    is_below,
    is_own_class,
    plugin_packages,
    refuse_classes,
)
from curated.core.diagnostic import CuratedError


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ({}, []),
        ({"a": {"b": [{"cls": "x.Y"}]}}, ["x.Y"]),
        ({"datastore": {"root": "x.Y", "cls": 17}}, []),
        ({"formatters": {"a": "x.Y", "b": {"formatter": "x.Z", "parameters": {"c": "no"}}}}, ["x.Y", "x.Z"]),
        ({"formatters": {"write_recipes": {"x.Y": {"default": {"a": "text"}}}}}, []),
        ({"managers": {"a": "x.Y", "b": {"cls": "x.Z", "config": {"k": "text"}}}}, ["x.Y", "x.Z"]),
        ({"storageClasses": {"D": {"pytype": "x.Y", "converters": {"x.A": "x.b"}}}}, ["x.A", "x.Y", "x.b"]),
        ({"repo_transfer_formats": {"yaml": {"import": "x.Y"}}}, ["x.Y"]),
        ([{"class": "x.Y"}], ["x.Y"]),
    ],
)
def test_classes_are_found_by_their_keys(content, names) -> None:
    assert sorted(name.name for name in class_names(content)) == names


def test_what_is_in_many_places_is_looked_at_once() -> None:
    content: object = {"cls": "x.Y"}
    for _ in range(60):
        content = {"a": content, "b": content}
    assert 0 < len(list(class_names(content))) < 10


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("lsst.daf.butler.datastores.fileDatastore.FileDatastore", True),
        ("curated.butler.formatter.CalibFormatter", True),
        ("lsst.obs.absent.Formatter", True),
        ("lsst", False),
        ("lsstx.Y", False),
        ("os.system", False),
        ("os", False),
        ("", False),
        ("lsst..Y", False),
        (" lsst.x.Y", False),
        ("lsst.x.Y\n", False),
        ("lsst/x", False),
        ("lsst." + "x" * 5000, False),
        ("lsst.utils.packages.subprocess.Popen", False),
        ("curated.butler.repository.database.sqlite3.connect", False),
    ],
)
def test_classes_of_lsst_and_curated_are_allowed(name, allowed) -> None:
    names = list(class_names({"cls": name}))
    assert len(names) == 1
    if allowed:
        refuse_classes(names, "butler.yaml")
        return
    with pytest.raises(CuratedError, match=r"butler\.yaml names 1 class outside of lsst and curated"):
        refuse_classes(names, "butler.yaml")


def test_classes_that_are_only_named_are_in_their_module() -> None:
    for name in ("lsst.daf.butler.formatters.yaml.YamlFormatter", "lsst.obs.base.formatters.Absent"):
        refuse_classes(class_names({"formatters": {"a": name}}), "butler.yaml")
    with pytest.raises(CuratedError, match="Popen"):
        refuse_classes(
            class_names({"formatters": {"a": "lsst.utils.packages.subprocess.Popen"}}), "butler.yaml"
        )


def test_types_of_data() -> None:
    content = {
        "pytype": "dict",
        "x": {"pytype": "astropy.table.Table", "converters": {"dict": "numpy.array"}},
    }
    refuse_classes(class_names(content), "butler.yaml")
    with pytest.raises(CuratedError, match="dict"):
        refuse_classes(class_names({"cls": "dict"}), "butler.yaml")


def test_all_foreign_classes_are_named() -> None:
    content = {"a": {"cls": "x.Y"}, "b": {"cls": "z.Y"}}
    with pytest.raises(CuratedError, match=r"2 classes .*a\.cls: 'x\.Y'; b\.cls: 'z\.Y'"):
        refuse_classes(class_names(content), "butler.yaml")


def test_packages_that_are_allowed() -> None:
    names = list(class_names({"formatters": {"a": "obs_lab.formatters.Y"}}))
    allow_classes(["obs_lab."])
    try:
        refuse_classes(names, "butler.yaml")
    finally:
        allow_classes(())
    with pytest.raises(CuratedError):
        refuse_classes(names, "butler.yaml")
    for name in ("", "a-b", "a..b", "*"):
        with pytest.raises(CuratedError, match="is no package"):
            allow_classes([name])


def test_owners_of_classes() -> None:
    assert is_below("a.b.C", ["a"])
    assert is_below("a.b.C", ["x", "a.b"])
    assert not is_below("a.bc.C", ["a.b"])
    assert is_own_class("lsst.sphgeom.HtmPixelization")
    assert not is_own_class("lsst.utils.packages.subprocess.Popen")
    assert "os" not in plugin_packages()


def test_parameters_of_formatters_are_no_classes() -> None:
    """The children of a chained datastore list Butler's defaults, with parameters by the name of a class."""
    name = "lsst.obs.base.formatters.fitsExposure.FitsExposureFormatter"
    formatters = {"default": {name: {"recipe": "default"}}, "Defects": name}
    content = {"datastore": {"datastores": [{"formatters": formatters}]}}
    assert [item.name for item in class_names(content)] == [name]
    # A formatter that is called so in its own right is one.
    assert [item.name for item in class_names({"formatters": {"default": "os.system"}})] == ["os.system"]
    assert [item.name for item in class_names({"formatters": {"a": {"default": "os.system"}}})] == [
        "os.system"
    ]
