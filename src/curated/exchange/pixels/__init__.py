"""Bad pixels in the forms of other programs: masks, regions and lists of rectangles."""
