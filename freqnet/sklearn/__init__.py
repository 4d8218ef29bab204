"""Estimators and transformers of scikit-learn: networks and features in the frequency domain."""

from freqnet.sklearn.classifier import FrequencyClassifier
from freqnet.sklearn.features import SpectralFeatures
from freqnet.sklearn.regressor import FrequencyRegressor

__all__ = ["FrequencyClassifier", "FrequencyRegressor", "SpectralFeatures"]
