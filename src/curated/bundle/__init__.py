"""Bundles: the calibrations of one commit as FITS files, with a manifest and an export file for Butler.

Imports read bundles without loading what makes them, so this package imports none of its modules.
"""
