"""Fine-tuning, and export to ONNX. Importing the package tells OpenMP how to wait, before any part of it imports torch."""

from .spinning import spin_briefly

spin_briefly()
