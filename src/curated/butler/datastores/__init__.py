"""The datastores of repositories, and the formatters that are recorded in them."""
