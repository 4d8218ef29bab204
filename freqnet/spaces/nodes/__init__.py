"""Domains of nodes: causal signals as their values at real nodes (Laplace) or on a circle (damped)."""
