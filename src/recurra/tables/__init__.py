"""Tables of time series: readers, columns, dates, frequencies, checks and splits."""
