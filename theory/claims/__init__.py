"""The claims: one subject per file, each with a tuple ``CLAIMS``."""

#: Subjects in the order a reader meets them.
SUBJECTS = (
    "convolution",
    "truncated_products",
    "stability",
    "spectra",
    "pooling",
    "training",
    "spectral_steps",
    "descent",
    "laplace",
    "real_domains",
    "bilinear",
    "expansions",
    "deformations",
    "spectral_pooling",
    "frequency_pooling",
    "gaussian",
    "depth",
    "polynomials",
    "fields",
    "sampling",
    "engine",
)
