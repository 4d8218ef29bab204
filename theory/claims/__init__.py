"""The claims: one subject per file, each with a tuple ``CLAIMS``."""

#: Subjects in the order a reader meets them.
SUBJECTS = (
    "convolution",
    "spectra",
    "pooling",
    "training",
    "descent",
    "laplace",
    "real_domains",
    "bilinear",
    "expansions",
    "deformations",
    "spectral_pooling",
    "frequency_pooling",
    "gaussian",
    "polynomials",
    "fields",
    "engine",
)
