"""Where market data comes from: bundled shares, providers, and downloads with a cache."""
