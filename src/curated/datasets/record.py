"""Datasets: their identity in a repository."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

# Namespace of lsst.daf.butler's DatasetIdFactory.
_NAMESPACE = uuid.UUID("840b31d9-05cd-5161-b2c8-00d32b280d0f")


def dataset_uuid(dataset_type: str, run: str, data_id: Mapping[str, Any]) -> str:
    """Return the UUID that Butler's DATAID_TYPE_RUN rule gives a dataset.

    Parameters
    ----------
    dataset_type, run : `str`
        Names of the dataset type and of the RUN collection.
    data_id : `dict`
        The required dimensions and their values.
    """
    items = [("dataset_type", dataset_type), ("run", run), *sorted(data_id.items())]
    return str(uuid.uuid5(_NAMESPACE, ",".join(f"{key}={value}" for key, value in items)))
