"""OpenAI-compatible servers as answer models."""
