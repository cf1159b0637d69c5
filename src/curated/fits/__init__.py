"""FITS files: written with the stamp of their origin, read, scanned and hashed."""
