"""The demonstration instrument: its parts, what they do to light and charge, and how that is written down."""
