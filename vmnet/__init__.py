"""Seg-VM-Net: recommend music for a video by aligning segments (Prétet et al., IEEE TMM 2022)."""

__version__ = "0.1.0"
