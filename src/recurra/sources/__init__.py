"""Where market data comes from: bundled shares, providers in a row, and downloads with a cache."""
