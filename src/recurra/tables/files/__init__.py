"""Files → data frames: CSV, packed or not, and Parquet."""
