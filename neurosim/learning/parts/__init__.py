"""What several rules share, and the longer halves of single ones."""
