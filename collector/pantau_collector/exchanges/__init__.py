"""Requests to servers that belong to others, each with a deadline for the whole and a limit on what is read."""

from pantau_collector.exchanges.http_client import MAX_ANSWER, Answer, ExchangeError, HttpClient

__all__ = ["MAX_ANSWER", "Answer", "ExchangeError", "HttpClient"]
