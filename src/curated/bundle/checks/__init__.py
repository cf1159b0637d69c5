"""What is compared before a bundle is believed: names, documents and the headers of its files."""
