"""The endpoints, written in three ways: --routes."""
