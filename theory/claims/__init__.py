"""The claims: one subject per file, each with a tuple ``CLAIMS``."""

#: Subjects in the order a reader meets them.
SUBJECTS = (
    "convolution",
    "truncated_products",
    "stability",
    "spectra",
    "pooling",
    "training",
    "descent",
    "laplace",
    "real_domains",
    "spectral_pooling",
    "frequency_pooling",
    "gaussian",
    "depth",
    "polynomials",
    "fields",
    "sampling",
    "engine",
)
