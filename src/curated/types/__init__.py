"""The calibration types, one module each; a module that starts with an underscore holds what some share."""
