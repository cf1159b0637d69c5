"""What processed images were made with, by their headers, and whether it still holds."""
