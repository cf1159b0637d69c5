"""Commands that make releases and compare them."""
