"""What takes how long: ratios measured side by side in one run."""
