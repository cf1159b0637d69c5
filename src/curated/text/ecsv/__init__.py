"""ECSV (astropy APE 6): reader and writer."""
