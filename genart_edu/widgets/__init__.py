"""The ipywidgets of JupyterLab: adapters of lab.live, no more."""
