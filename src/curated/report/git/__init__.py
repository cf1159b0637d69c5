"""What git shows of calibrations, by its diff driver."""
