"""The browser app: one module for each tab or panel, the theme, links to results, and the server.

Handlers are thin; the library computes what they show. The choices of a visitor live in the visitor's page, requests
in links, and recent results in a bounded cache without names; evaluation runs and fetched adapters are folders.
"""
