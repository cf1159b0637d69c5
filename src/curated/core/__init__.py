"""What every room needs: diagnostics, times, units, metadata, geometry, whole files, processes."""
