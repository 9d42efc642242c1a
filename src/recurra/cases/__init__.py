"""The built-in cases, one TOML file each, and what it takes to run one from data to plots."""
