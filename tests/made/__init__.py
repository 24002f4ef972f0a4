"""Pictures of every format and depth, made from one scene, with the pixels that a viewer shows worked out by numpy alone."""
