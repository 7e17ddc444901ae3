"""Chest X-ray pneumonia screening, studied honestly: the wings are data, explore, train, evaluate, screen and study"""
__version__ = "0.1.0"
from pneumo_nb import old_names
old_names.install()
