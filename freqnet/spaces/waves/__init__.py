"""Domains of modes: half spectra (Fourier), and the same in real arithmetic (Hartley)."""
