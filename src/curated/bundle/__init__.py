"""One commit's calibrations as FITS, with a manifest and an export file that the Butler reads.

Imports read bundles without what makes them: the parts are imported from their modules.
"""
