"""The FastAPI contender: the two endpoints of docs/design.md section 2, served by uvicorn."""

VERSION = "0.1.0"
