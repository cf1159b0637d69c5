"""Butler repositories: opened, created, locked, and the files in them."""

from __future__ import annotations

from curated.core.diagnostic import CuratedError


def require_butler() -> None:
    """Raise an error if Butler is not installed, or is older than the oldest supported release."""
    try:
        import lsst.daf.butler  # noqa: F401
    except (ImportError, MemoryError) as error:
        if not isinstance(error, ModuleNotFoundError):
            raise CuratedError(
                f"Butler cannot be loaded: {error}", "see to its installation, and to memory"
            ) from error
        raise CuratedError(
            f"this needs Butler: {error}", "pip install 'curated-calibs[butler]', or set up the LSST stack"
        ) from error
    from curated.butler.repository.compatibility import require_supported_release

    require_supported_release()
