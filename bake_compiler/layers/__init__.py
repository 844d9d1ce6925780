"""What is in an image's layers, read as they stream by: no layer is ever held whole, none is trusted."""
