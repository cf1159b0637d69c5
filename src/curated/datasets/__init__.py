"""What a dataset is and when it is valid: plain values, without files and without Butler."""
