"""Networks on chip: who goes first, which way packets go, and how long that takes."""
