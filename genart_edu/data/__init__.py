"""The data room: two-dimensional densities and images, each ready on its device."""
