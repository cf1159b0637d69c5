"""The report of a change: check, differences, exposures and pictures on one page, in Markdown and as JSON."""
