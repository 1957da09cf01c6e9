"""The browser app: one module for each tab or panel, the theme, links to results, and the server.

Handlers are thin: what is shown is computed by the library. What a visitor chooses lives in the visitor's page,
requests in links, and recent results in a bounded cache that holds no names; evaluation runs and fetched adapters are
folders.
"""
