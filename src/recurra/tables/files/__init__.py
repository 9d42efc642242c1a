"""Files → data frames: CSV, Parquet, Feather and spreadsheets, packed or not."""
