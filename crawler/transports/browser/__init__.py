"""The browser transport: renders pages in Chromium."""
