"""The claims, one file a subject; each has ``CLAIMS``."""

#: Subjects in the order a reader meets them: the plane wave's world, then the real one, then nets of our own.
SUBJECTS = (
    *("convolution", "periodic", "backward", "sigmoid", "relu", "spectra", "pooling", "max_pooling", "loss"),
    *("laplace", "laplace_activations", "laplace_real_p", "inversion"),
    *("real_products", "real_domains", "real_rounding", "other_real"),
    *("unitary_transform", "spectral_pooling", "corner_cases", "nyquist"),
    *("low_pass", "pooling_debate", "nonlinear", "grid_products", "bin_maps", "modulus"),
    *("gaussian", "hermite", "taylor", "approximation", "minimax", "fields", "bins", "cosine"),
    *("engine", "engine_products", "engine_statistics"),
)
