"""What people look at: plots, and every parameter in plain text."""
