"""The client protocol of 2025 at /lightmill/: sessions, experiments, runs and logs as JSON:API."""
