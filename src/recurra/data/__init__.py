"""What goes in. It knows nothing of networks."""
