"""Measurements, and the lakes they are taken on."""
