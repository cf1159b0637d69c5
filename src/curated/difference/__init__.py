"""What the change from one state of a package to another means physically."""
