"""Word pools of job families, one file each; `vocabulary` reads them."""
