"""The parts of compare.py: two builds, and what is compared of them."""
