"""Small packages with the names of the stack's, which stand for an environment in which the stack is set up.

``lsst.obs.base.formatters.fitsGeneric.FitsGenericFormatter`` stands for the class of that name of obs_base
(https://github.com/lsst/obs_base, python/lsst/obs/base/formatters/fitsGeneric.py): it reads with ``readFits`` of the
storage class's Python class. ``lsst.ip.isr.IsrCalib`` and ``Defects`` stand for those of ip_isr
(https://github.com/lsst/ip_isr, python/lsst/ip/isr/calibType.py and defects.py).
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

STACK_FORMATTER = "lsst.obs.base.formatters.fitsGeneric.FitsGenericFormatter"
OUR_FORMATTER = "curated.butler.formatter.CalibFormatter"

_FILES = {
    "lsst/__init__.py": "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n",
    "lsst/afw/__init__.py": "",
    "lsst/ip/__init__.py": "",
    "lsst/ip/isr/__init__.py": (
        "class IsrCalib:\n"
        "    @classmethod\n"
        "    def readFits(cls, path):\n"
        "        made = cls()\n"
        "        made.x0 = 'read by the stack'\n"
        "        return made\n"
        "class Defects(IsrCalib):\n"
        "    pass\n"
    ),
    "lsst/obs/__init__.py": "",
    "lsst/obs/base/__init__.py": "",
    "lsst/obs/base/formatters/__init__.py": "",
    "lsst/obs/base/formatters/fitsGeneric.py": (
        "from lsst.daf.butler import FormatterV2\n"
        "class FitsGenericFormatter(FormatterV2):\n"
        "    default_extension = '.fits'\n"
        "    supported_extensions = frozenset({'.fits', '.fits.gz', '.fits.fz', '.fz', '.fit'})\n"
        "    can_read_from_local_file = True\n"
        "    def read_from_local_file(self, path, component=None, expected_size=-1):\n"
        "        return self.file_descriptor.storageClass.pytype.readFits(path)\n"
    ),
}


def write_stack(root: Path) -> Path:
    """Write packages with the names of the stack's that a formatter needs."""
    for name, text in _FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def with_stack(root: Path, code: str) -> str:
    """Return a program that runs where these packages are."""
    return f"import sys; sys.path.insert(0, {str(root)!r})\n{code}"


def recorded_formatters(repo: str | Path, table: str = "file_datastore_records") -> list[tuple[str, str]]:
    """Return formatter and path of each record of a file, as the database has them."""
    with closing(sqlite3.connect(f"file:{repo}/gen3.sqlite3?mode=ro", uri=True)) as database:
        return sorted(database.execute(f"SELECT formatter, path FROM {table}"))
