"""Expert data: collected from experts' runs, gated, kept with its provenance, exported for trainers."""
