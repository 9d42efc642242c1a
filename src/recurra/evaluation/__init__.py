"""Evaluation of forecasts: metrics, baselines, backtests, significance tests and prediction intervals."""
