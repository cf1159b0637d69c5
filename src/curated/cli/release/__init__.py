"""Commands that convert, bundle, publish and compare."""
