"""A catalog of music, indexed once, and the tracks of it that fit a silent video."""
