"""Node domains: causal signals stored as values at real nodes (Laplace) or on a circle (damped)."""
