"""Networks and weights of other libraries: torch.nn layers and Keras files."""
