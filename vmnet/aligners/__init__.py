"""Sequences of segment embeddings, and the distances between them (paper, section IV-D)."""
