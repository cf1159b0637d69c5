"""Drawing of defects over an image, on a page that only this machine can open."""
