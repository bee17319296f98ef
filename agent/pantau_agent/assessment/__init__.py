"""What the evidence says of a camera: counts, pictures and failures in, a diagnosis and a sample out."""
