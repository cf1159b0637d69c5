"""`Calib` to FITS bytes and back, and the stamp of where they come from."""
