"""Images: their planes, the FITS files that hold them, and the images that calibrations correct."""

LFS = b"version https://git-lfs.github.com/spec/v1"
"""First line of the text that stands for a file of git-lfs that was not fetched."""

ANNEX = b"/annex/objects/"
"""Start of the text that stands for a file of git-annex that was not fetched."""
