"""The calibration types, one module each; modules that start with an underscore hold what several of them share."""
