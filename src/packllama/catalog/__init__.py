"""Our templates, and the choice among them by evidence: one fits a GGUF if it renders what the GGUF's own renders.

The formats are data files, one a format. The GGUF's Jinja text is foreign code: it is rendered in a bounded child
process. Follows the rules for choosing a template.
"""
