"""Exchange of networks and weights with other libraries: torch.nn layers and Keras files."""
