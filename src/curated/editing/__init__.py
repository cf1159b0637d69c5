"""Edits of calibrations as text: new epochs, notes of edits, and corrections of what path, instrument and image imply."""
