"""The built-in cases, one TOML file each, and how a case is found."""
